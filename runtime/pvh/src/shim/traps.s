// Where the processor comes to from ring 3, and what becomes of it: a call of the shim, a page of the heap to map, an
// interrupt to note down, or a fault, of which ring 3 then makes its report and its end.

.section .shim.text, "ax", @progbits
.macro stub vector
    .balign 16
    .ifeq (\vector - 8) * (\vector - 10) * (\vector - 11) * (\vector - 12) * (\vector - 13) * (\vector - 14) * (\vector - 17) * (\vector - 21) * (\vector - 29) * (\vector - 30)
    .else
    push 0                          // where the processor gives no error code
    .endif
    push \vector
    jmp trap
.endm

.balign 16
.global mirage_stubs
mirage_stubs:
.irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    stub \vector
.endr
.irp vector, 32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63
    stub \vector
.endr

// On the stack: vector, error code, rip, cs, rflags, rsp, ss.
.balign 16
trap:
    cmp qword ptr [rsp], 32
    jae interrupt
    cmp byte ptr [rsp], 6
    je undefined
    cmp byte ptr [rsp], 14
    je page
    cmp byte ptr [rsp], 2
    je nmi

fault:
    cmp byte ptr [mirage_shim + FAULTED], 0
    jne last
    mov byte ptr [mirage_shim + FAULTED], 1
    test byte ptr [rsp + 24], 3
    jz last
    // All it was doing, where the report finds it.
    mov [mirage_shared + 0x40], rax
    mov [mirage_shared + 0x48], rbx
    mov [mirage_shared + 0x50], rcx
    mov [mirage_shared + 0x58], rdx
    mov [mirage_shared + 0x60], rsi
    mov [mirage_shared + 0x68], rdi
    mov [mirage_shared + 0x70], rbp
    mov [mirage_shared + 0x78], r8
    mov [mirage_shared + 0x80], r9
    mov [mirage_shared + 0x88], r10
    mov [mirage_shared + 0x90], r11
    mov [mirage_shared + 0x98], r12
    mov [mirage_shared + 0xa0], r13
    mov [mirage_shared + 0xa8], r14
    mov [mirage_shared + 0xb0], r15
    mov rax, cr2
    mov [mirage_shared + 0xb8], rax
    pop qword ptr [mirage_shared + 0xc0]    // vector
    pop qword ptr [mirage_shared + 0xc8]    // error code
    pop qword ptr [mirage_shared + 0xd0]    // rip
    pop qword ptr [mirage_shared + 0xd8]    // cs
    pop qword ptr [mirage_shared + 0xe0]    // rflags
    pop qword ptr [mirage_shared + 0xe8]    // rsp
    pop qword ptr [mirage_shared + 0xf0]    // ss
    push 0x1b
    push qword ptr [mirage_shim + FAULT_STACK]
    push 2
    push 0x23
    push offset mirage_fault
    iretq

// A fault of the shim's own, or one while a fault was reported: nothing is left to say it with.
last:
    mov edi, 110
    jmp exit

// Noted down for `wait`, the one place they are let in at, whose sleep is over. One that comes elsewhere all the same (a
// hypervisor below an emulated processor was seen to raise one twice) is noted down too, and what it came into goes on.
interrupt:
    push rax
    push rcx
    push rdx
    mov ecx, [rsp + 24]
    sub ecx, 32
    bts qword ptr [mirage_shim + PENDING], rcx
    test ecx, ecx
    jz .Linterrupt_end              // the timer's
    cmp byte ptr [mirage_shim + XEN], 0
    jne .Linterrupt_2               // Xen raises its own by itself, without a controller
.Linterrupt_end:
    xor eax, eax
    cmp byte ptr [mirage_shim + X2APIC], al
    jne .Linterrupt_1
    mov ecx, 0xfee000b0             // end of interrupt
    mov [rcx], eax
    jmp .Linterrupt_2
.Linterrupt_1:
    mov ecx, 0x80b
    xor edx, edx
    wrmsr
.Linterrupt_2:
    pop rdx
    pop rcx
    pop rax
    and qword ptr [rsp + 32], -0x201        // and no other: a line may stay raised until its device is asked
    jmp end_sleep

// The monitor's way to ask for an end.
nmi:
    mov byte ptr [mirage_shim + STOP], 1
// What comes between the last look and the sleep would go unseen: as if the sleep were over.
end_sleep:
    cmp qword ptr [rsp + 16], offset wait_look
    jb .Lend_sleep_1
    cmp qword ptr [rsp + 16], offset wait_over
    jae .Lend_sleep_1
    mov qword ptr [rsp + 16], offset wait_over
.Lend_sleep_1:
    add rsp, 16
    iretq

// A page of the heap that is touched for the first time, in pages of 2 MiB, so that a start costs the same with any
// amount of memory. Never one that can be executed, nor one of anything but the heap.
page:
    test byte ptr [rsp + 8], 1
    jnz fault
    test byte ptr [rsp + 24], 3
    jz fault
    push rax
    push rcx
    push rdx
    mov rax, cr2
    sub rax, [mirage_shim + HEAP_OFFSET]
    jb .Lpage_3
    and rax, -0x200000
    cmp rax, [mirage_shim + LOW_FROM]
    jb .Lpage_3
    cmp rax, [mirage_shim + LOW_TO]
    jb .Lpage_1
    cmp rax, [mirage_shim + HIGH_FROM]
    jb .Lpage_3
    cmp rax, [mirage_shim + HIGH_TO]
    jae .Lpage_3
.Lpage_1:
    mov rdx, cr2
    shr rdx, 30
    mov rcx, rdx
    and ecx, 511
    shl ecx, 3
    add rcx, [mirage_shim + HEAP_TABLE]     // its entry for this GiB
    test byte ptr [rcx], 1
    jnz .Lpage_2
    shl rdx, 12
    sub rdx, [mirage_shim + DIRECTORIES]    // its directory, which nobody has used yet
    push rax
    push rdi
    push rcx
    mov rdi, rdx
    xor eax, eax
    mov ecx, 512
    rep stosq
    pop rcx
    pop rdi
    pop rax
    or rdx, 7
    mov [rcx], rdx
.Lpage_2:
    mov rdx, [rcx]
    and rdx, -0x1000
    mov rcx, cr2
    shr rcx, 21
    and ecx, 511
    or rax, 0x87
    bts rax, 63
    mov [rdx + rcx * 8], rax
    pop rdx
    pop rcx
    pop rax
    add rsp, 16
    iretq
.Lpage_3:
    pop rdx
    pop rcx
    pop rax
    jmp fault

.section .shim.bss, "aw", @nobits
.balign 4096
.global mirage_shared               // what ring 3 may read: of the clock, and of a fault
mirage_shared: .skip 4096
.global mirage_shim                 // what only the shim knows, once it is sealed
mirage_shim: .skip 512
