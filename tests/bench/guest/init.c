/*
 * The Linux side of the machines' benchmarks: the only program of a Linux guest. As its first process it loads the network
 * card's modules, gives the card its address, and serves HTTP for ever, as fast as one process of Linux's does: sockets that
 * never block, one epoll, a write for a read.
 *
 * What it answers is in the file `/answer`, bytes of a whole response; modules are `/modules/0.ko`, `/modules/1.ko` and so
 * on, in the order in which they build on each other. The kernel's command line says ADDRESS=10.0.0.2, of a network of
 * 2^8 addresses. Requests are taken to be without a body, as wrk's are.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 256, MOST_CONNECTIONS = 16384, LONGEST = 4096 };

static char answer[LONGEST];
static size_t answer_length;
/* How much of a request's end each connection has seen: of "\r\n\r\n", so many bytes. */
static unsigned char seen[MOST_CONNECTIONS];

/* The end: the kernel panics when its first process ends, and says this line before. */
static void fail(const char *what) {
    dprintf(2, "guest: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void load_modules(void) {
    char path[32];
    for (int number = 0;; number++) {
        snprintf(path, sizeof path, "/modules/%d.ko", number);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            return;
        if (syscall(SYS_finit_module, file, "", 0) != 0)
            fail(path);
        close(file);
    }
}

static struct sockaddr_in address_of(const char *text, unsigned short port) {
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
        fail(text);
    return address;
}

/* Brings eth0 up; on Xen it comes a moment after its driver. */
static void bring_up(const char *address) {
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { .ifr_name = "eth0" };
    struct sockaddr_in ours = address_of(address, 0);
    struct sockaddr_in mask = address_of("255.255.255.0", 0);
    memcpy(&request.ifr_addr, &ours, sizeof ours);
    const struct timespec moment = { .tv_nsec = 500 * 1000 };
    for (int tries = 0; ioctl(control, SIOCSIFADDR, &request) != 0; tries++) {
        if (errno != ENODEV || tries > 20000)
            fail("eth0");
        nanosleep(&moment, NULL);
    }
    memcpy(&request.ifr_netmask, &mask, sizeof mask);
    if (ioctl(control, SIOCSIFNETMASK, &request) != 0)
        fail("the mask");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) != 0)
        fail("up");
    close(control);
}

static void read_answer(void) {
    int file = open("/answer", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, answer, sizeof answer);
    if (length <= 0)
        fail("/answer");
    answer_length = (size_t)length;
    close(file);
}

/* How many requests end in these bytes; `state` is how far into such an end the bytes before them came. */
static size_t ends(const char *bytes, size_t length, unsigned char *state) {
    static const char end[] = "\r\n\r\n";
    size_t count = 0;
    for (size_t at = 0; at < length; at++) {
        if (bytes[at] == end[*state])
            *state += 1;
        else
            *state = bytes[at] == '\r';
        if (*state == 4) {
            *state = 0;
            count++;
        }
    }
    return count;
}

static void serve(int connection) {
    static char request[16384];
    ssize_t length = recv(connection, request, sizeof request, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        close(connection);
        return;
    }
    size_t count = ends(request, (size_t)length, &seen[connection]);
    while (count-- > 0) {
        /* An answer is far shorter than what a socket takes at once. */
        if (send(connection, answer, answer_length, MSG_NOSIGNAL) != (ssize_t)answer_length) {
            close(connection);
            return;
        }
    }
}

static void accept_all(int listener, int poll) {
    for (;;) {
        int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection < 0)
            return;
        if (connection >= MOST_CONNECTIONS) {
            close(connection);
            continue;
        }
        int one = 1;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        seen[connection] = 0;
        struct epoll_event event = { .events = EPOLLIN, .data.fd = connection };
        if (epoll_ctl(poll, EPOLL_CTL_ADD, connection, &event) != 0)
            close(connection);
    }
}

int main(void) {
    const char *address = getenv("ADDRESS");
    if (address == NULL)
        address = "10.0.0.2";
    read_answer();
    load_modules();
    struct rlimit files = { MOST_CONNECTIONS, MOST_CONNECTIONS };
    setrlimit(RLIMIT_NOFILE, &files);
    bring_up(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(80) };
    if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 4096) != 0)
        fail("port 80");
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) != 0)
        fail("epoll");
    for (;;) {
        struct epoll_event events[MOST_EVENTS];
        int count = epoll_wait(poll, events, MOST_EVENTS, -1);
        for (int at = 0; at < count; at++) {
            if (events[at].data.fd == listener)
                accept_all(listener, poll);
            else
                serve(events[at].data.fd);
        }
    }
}
