/*
 * The client of the domains' benchmarks: it runs in dom0, on the bridge that the domain is on, and is the same for whatever
 * runs in that.
 *
 *   client get ADDRESS                          writes the whole answer to one request
 *   client first ADDRESS SECONDS COMMAND...     runs the command, which creates a domain; writes the seconds from then until
 *                                               the first byte of an answer, or `none` when so many have passed
 *
 * The server is at port 80, and its answers have a Content-Length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 16384 };

static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

static void fail(const char *what) {
    fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A connection that is being made. */
static int begin(const char *address) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        fail(address);
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection < 0)
        fail("socket");
    int one = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(connection, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        close(connection);
        return -1;
    }
    return connection;
}

static int ask(int connection) {
    return send(connection, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1);
}

static void watch(int poll, int connection, unsigned events, int how) {
    struct epoll_event event = { .events = events, .data.fd = connection };
    if (epoll_ctl(poll, how, connection, &event) != 0)
        fail("epoll");
}

/* How long the whole answer is whose beginning these bytes are; 0 while that is not known. */
static size_t whole(const char *bytes, size_t length) {
    static const char name[] = "content-length:";
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    for (const char *line = bytes; line < end; line++)
        if (strncasecmp(line, name, sizeof name - 1) == 0)
            return (size_t)(end - bytes) + 4 + (size_t)atol(line + sizeof name - 1);
    errno = EPROTO;
    fail("an answer without a length");
    return 0;
}

static void get(const char *address) {
    static char answer[LONGEST];
    int connection = begin(address);
    fcntl(connection, F_SETFL, 0);
    struct sockaddr_in to;
    socklen_t size = sizeof to;
    /* Blocking from here on: the connection is made, or has failed, when it can be written. */
    int poll = epoll_create1(EPOLL_CLOEXEC);
    watch(poll, connection, EPOLLOUT, EPOLL_CTL_ADD);
    struct epoll_event event;
    epoll_wait(poll, &event, 1, 10000);
    if (getpeername(connection, (struct sockaddr *)&to, &size) != 0 || !ask(connection))
        fail(address);
    size_t length = 0, all = 0;
    while (all == 0 || length < all) {
        ssize_t count = recv(connection, answer + length, sizeof answer - length, 0);
        if (count <= 0)
            fail("an answer");
        length += (size_t)count;
        all = whole(answer, length);
    }
    if (write(1, answer, length) != (ssize_t)length)
        fail("output");
}

/* Connections are tried anew again and again, each beside those before it: none waits for what another one has lost. */
static void first(const char *address, double patience, char **command) {
    enum { TICK_MS = 10, OPEN = 16 };
    int tried[OPEN];
    memset(tried, -1, sizeof tried);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    double start = now(), next = start;
    pid_t child = fork();
    if (child == 0) {
        int none = open("/dev/null", O_WRONLY);
        dup2(none, 1);
        execvp(command[0], command);
        fail(command[0]);
    }
    for (unsigned turn = 0; now() - start < patience;) {
        if (now() >= next) {
            int *place = &tried[turn++ % OPEN];
            if (*place >= 0)
                close(*place);
            *place = begin(address);
            if (*place >= 0)
                watch(poll, *place, EPOLLOUT, EPOLL_CTL_ADD);
            next = now() + TICK_MS / 1e3;
        }
        struct epoll_event events[OPEN];
        int count = epoll_wait(poll, events, OPEN, TICK_MS);
        for (int at = 0; at < count; at++) {
            int connection = events[at].data.fd;
            char byte;
            if (events[at].events & EPOLLIN && recv(connection, &byte, 1, 0) == 1) {
                printf("%f\n", now() - start);
                int status = 0;
                if (waitpid(child, &status, 0) != child || status != 0)
                    exit(1);
                return;
            }
            if (events[at].events & EPOLLOUT && ask(connection))
                watch(poll, connection, EPOLLIN, EPOLL_CTL_MOD);
            else
                epoll_ctl(poll, EPOLL_CTL_DEL, connection, NULL);
        }
    }
    printf("none\n");
    waitpid(child, NULL, 0);
}

int main(int count, char **words) {
    if (count == 3 && strcmp(words[1], "get") == 0)
        get(words[2]);
    else if (count > 4 && strcmp(words[1], "first") == 0)
        first(words[2], atof(words[3]), words + 4);
    else
        return 2;
    return 0;
}
