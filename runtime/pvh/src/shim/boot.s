// From the PVH entry to ring 3.
//
// The hypervisor enters in 32-bit protected mode, flat, without paging, with the physical address of its
// hvm_start_info in ebx (Xen, docs/misc/pvh.pandoc). What is done here is the least that ring 3 takes: long mode over
// a mapping of the image and what follows it, a task state for the way back, and the drop. Everything else of the
// start, the final page tables among it, is done in ring 3 by `setup`, before the seal.

.section .note.Xen, "a", @note
.balign 4
.long 4, 4, 18                      // name and descriptor sizes; XEN_ELFNOTE_PHYS32_ENTRY
.asciz "Xen"
.long mirage_entry

.section .shim.text, "ax", @progbits
.code32
.global mirage_entry
mirage_entry:
    cld
    mov esp, offset mirage_shim_stack_end
    mov esi, ebx

    // Without long mode and pages that cannot be executed there is nothing to seal.
    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb unfit
    mov eax, 0x80000001
    cpuid
    and edx, (1 << 29) | (1 << 20)
    cmp edx, (1 << 29) | (1 << 20)
    jne unfit

    // One to one, in pages of 2 MiB, as far as `mirage_boot_mapped`: for ring 3 as well, until the seal.
    mov dword ptr [mirage_boot_tables], offset mirage_boot_tables + 0x1007
    mov dword ptr [mirage_boot_tables + 0x1000], offset mirage_boot_tables + 0x2007
    mov edi, offset mirage_boot_tables + 0x2000
    mov eax, 0x87                   // present, writable, ring 3, 2 MiB
.Lmirage_entry_1:
    mov [edi], eax
    add eax, 0x200000
    add edi, 8
    cmp eax, offset mirage_boot_mapped
    jb .Lmirage_entry_1

    mov eax, offset mirage_boot_tables
    mov cr3, eax
    mov eax, (1 << 5) | (1 << 9) | (1 << 10)    // PAE; SSE, whose registers core is compiled to use
    mov cr4, eax
    mov ecx, 0xc0000080             // EFER: long mode, and the bit against execution
    rdmsr
    or eax, (1 << 8) | (1 << 11)
    wrmsr
    mov eax, 0x80010033             // paging, also read-only to ring 0; a floating-point unit that is there
    mov cr0, eax
    lgdt [mirage_gdt_pointer]
    push 0x08
    mov eax, offset .Lunfit_2
    push eax
    retf

    // Neither is there a way to say it but the exit device.
unfit:
    mov dx, 0xf4
    mov eax, 16 + 99
    out dx, eax
.Lunfit_1:
    hlt
    jmp .Lunfit_1

.code64
.Lunfit_2:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov eax, offset mirage_task
    mov [mirage_gdt + 0x28 + 2], ax
    shr eax, 16
    mov [mirage_gdt + 0x28 + 4], al
    mov [mirage_gdt + 0x28 + 7], ah
    mov ax, 0x28
    ltr ax
    lidt [mirage_idt_pointer]
    mov edi, esi
    push 0x1b
    push offset mirage_setup_stack_end - 8
    push 2                          // no interrupts: they are let in where the shim waits, and nowhere else
    push 0x23
    push offset mirage_unpack
    iretq

.section .shim.data, "aw", @progbits
.balign 8
mirage_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        // 0x08: code, ring 0
    .quad 0x00cf93000000ffff        // 0x10: data, ring 0
    .quad 0x00cff3000000ffff        // 0x18: data, ring 3
    .quad 0x00affb000000ffff        // 0x20: code, ring 3
    .quad 0x0000890000000067, 0     // 0x28: the task state
mirage_gdt_pointer:
    .short 0x37
    .quad mirage_gdt
.balign 8
mirage_idt_pointer:
    .short 64 * 16 - 1
    .quad mirage_idt
.balign 8
mirage_task:
    .long 0
    .quad mirage_shim_stack_end, 0, 0               // the stack traps from ring 3 come in on
    .quad 0
    .quad mirage_nmi_stack_end, mirage_last_stack_end, 0, 0, 0, 0, 0    // those of an NMI and of a fault in a fault
    .quad 0
    .short 0, 104                   // no bitmap of ports: every one is refused

.section .shim.bss, "aw", @nobits
.balign 4096
.global mirage_idt
mirage_idt: .skip 64 * 16
    .skip 1024
mirage_nmi_stack_end:
    .skip 1024
mirage_last_stack_end:
    .skip 1024
mirage_shim_stack_end:
.balign 4096
.global mirage_boot_tables
mirage_boot_tables: .skip 4 * 4096             // the last one for what else the start looks at
