// What ring 3 may ask for, by `ud2` at one place: the number in rax, at most three values in rdi, rsi and rdx, the
// answer in rax; rcx and r8 are lost. Values and never pointers, so that the shim can be made to read or write nothing.

.set CALLS, 11                      // before its use: else it is taken for a place in memory

.section .shim.text, "ax", @progbits
undefined:
    test byte ptr [rsp + 24], 3
    jz fault
    cmp qword ptr [rsp + 16], offset mirage_gate
    jne fault
    cmp rax, CALLS
    jae fault
    add qword ptr [rsp + 16], 2
    jmp [calls + rax * 8]

.balign 8
calls:
    .quad exit, wait, port_in, port_out, map, route, msr_read, msr_write, seal, event, hypercall

refused:
    or rax, -1
done:
    add rsp, 16
    iretq

// The end of the machine, with a status for whoever runs it: by the exit device if there is one, else by the power
// button, else by a reset, else by a fault without a handler, which is a reset too. Xen alone is told in rsi whether the
// machine is to begin anew.
exit:
    cmp byte ptr [mirage_shim + XEN], 0
    jne exit_xen
    lea eax, [rdi + 16]
    mov edx, 0xf4
    out dx, eax
    mov edx, [mirage_shim + POWER_PORT]
    test edx, edx
    jz .Lexit_2
    mov eax, [mirage_shim + POWER_VALUE]
    test ah, ah
    jz .Lexit_1                     // a register of one byte takes nothing wider
    out dx, ax
    jmp .Lexit_2
.Lexit_1:
    out dx, al
.Lexit_2:
    mov al, 0xfe
    out 0x64, al
    push 0
    push 0
    lidt [rsp]
    int3
    jmp .Lexit_2

// Waits until an interrupt. The timer's is set before to the time rdi of the time-stamp counter, which is rsi of the APIC's
// ticks away; -1: it stays as it was; 0: nothing is waited for, only what has come is let in. The answer is what has come, a bit
// a vector, and bit 63 for ever once the monitor has asked for an end.
wait:
    test rdi, rdi
    jz wait_not
    cmp rdi, -1
    je wait_look
    cmp byte ptr [mirage_shim + DEADLINE], 0
    je .Lwait_1
    mov eax, edi
    mov rdx, rdi
    shr rdx, 32
    mov ecx, 0x6e0
    wrmsr
    jmp wait_look
.Lwait_1:
    mov eax, esi
    cmp byte ptr [mirage_shim + X2APIC], 0
    jne .Lwait_2
    mov ecx, 0xfee00380             // the timer's initial count
    mov [rcx], eax
    jmp wait_look
.Lwait_2:
    xor edx, edx
    mov ecx, 0x838
    wrmsr
wait_look:
    cmp byte ptr [mirage_shim + STOP], 0
    jne wait_over
    cmp qword ptr [mirage_shim + PENDING], 0
    jne wait_over
    sti
    hlt
wait_over:
    cli
    xor eax, eax
    xchg [mirage_shim + PENDING], rax
    btr rax, 63
    cmp byte ptr [mirage_shim + STOP], 0
    je done
    bts rax, 63
    jmp done
wait_not:
    sti
    nop                             // behind which it comes
    jmp wait_over

// The port rdi, of rsi bytes; of those the platform has named before the seal.
port_in:
    call port_allowed
    jc refused
    mov edx, edi
    xor eax, eax
    cmp esi, 2
    je .Lport_in_1
    ja .Lport_in_2
    in al, dx
    jmp done
.Lport_in_1:
    in ax, dx
    jmp done
.Lport_in_2:
    in eax, dx
    jmp done

port_out:
    call port_allowed
    jc refused
    mov eax, edx
    mov edx, edi
    cmp esi, 2
    je .Lport_out_1
    ja .Lport_out_2
    out dx, al
    jmp done
.Lport_out_1:
    out dx, ax
    jmp done
.Lport_out_2:
    out dx, eax
    jmp done

port_allowed:
    cmp byte ptr [mirage_shim + SEALED], 0
    je .Lport_allowed_2
    mov ecx, offset mirage_shim + PORTS
.Lport_allowed_1:
    movzx eax, word ptr [rcx]       // the first one of a range
    movzx r8d, word ptr [rcx + 2]   // how many there are; none: the end of the list
    test r8d, r8d
    jz .Lport_allowed_3
    add rcx, 4
    neg eax
    add eax, edi
    cmp eax, r8d
    jae .Lport_allowed_1
.Lport_allowed_2:
    clc
    ret
.Lport_allowed_3:
    stc
    ret

// Lets ring 3 have the page at the physical address rdi, of a device: never memory, nor the interrupt controllers.
map:
    test edi, 0xfff
    jnz refused
    mov rax, rdi
    shr rax, 46
    jnz refused
    mov rax, rdi
    shr rax, 32
    jnz .Lmap_1
    cmp rdi, [mirage_shim + RAM_LOW_TO]
    jb refused
    mov eax, edi
    sub eax, 0xfec00000
    cmp eax, 0x300000
    jb refused
    jmp .Lmap_2
.Lmap_1:
    cmp rdi, [mirage_shim + RAM_HIGH_TO]
    jb refused
.Lmap_2:
    mov ecx, [mirage_shim + DEVICE_PAGES]
    cmp ecx, 512
    jae refused
    inc dword ptr [mirage_shim + DEVICE_PAGES]
    lea rax, [rdi + 0x1f]           // present, writable, ring 3, uncached
    bts rax, 63
    mov r8, [mirage_shim + DEVICE_TABLE]
    mov [r8 + rcx * 8], rax
    mov eax, ecx
    shl eax, 12
    add rax, [mirage_shim + DEVICE_WINDOW]
    jmp done

// Lets the pin rsi of the IO-APIC rdi (0 or 1) raise the vector in the low byte of rdx, by level if bit 8 is set.
route:
    cmp rdi, 1
    ja refused
    cmp rsi, 24
    jae refused
    movzx eax, dl
    sub eax, 33
    cmp eax, 30
    jae refused
    shl edi, 16
    add edi, 0xfec00000
    lea ecx, [rsi * 2 + 0x11]       // the upper half of its entry: the processor it goes to
    mov [rdi], ecx
    mov dword ptr [rdi + 16], 0
    dec ecx
    mov [rdi], ecx
    movzx eax, dl
    and edx, 0x100
    shl edx, 7
    or eax, edx
    mov [rdi + 16], eax
    xor eax, eax
    jmp done

// What the start needs of the processor, and nobody after it.
msr_read:
    cmp byte ptr [mirage_shim + SEALED], 0
    jne refused
    mov ecx, edi
    rdmsr
    shl rdx, 32
    or rax, rdx
    jmp done

msr_write:
    cmp byte ptr [mirage_shim + SEALED], 0
    jne refused
    mov ecx, edi
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    wrmsr
    xor eax, eax
    jmp done

// Takes the page tables at rdi and the features rsi of cr4, and goes on with `mirage_sealed` on the stack that ends at
// rdx. From here on nothing changes what can be executed.
seal:
    cmp byte ptr [mirage_shim + SEALED], 0
    jne refused
    mov byte ptr [mirage_shim + SEALED], 1
    mov cr3, rdi
    mov rax, cr4
    or rax, rsi
    mov cr4, rax
    cmp byte ptr [mirage_shim + X2APIC], 0
    jne .Lseal_1
    mov ecx, 0xfee00000
    mov dword ptr [rcx + 0xf0], 0x13f       // on; a spurious interrupt is vector 63
    mov dword ptr [rcx + 0x3e0], 0xb        // its timer counts every tick
    mov dword ptr [rcx + 0x360], 0x400      // what the monitor injects is an NMI
    mov eax, [mirage_shim + TIMER_ENTRY]
    mov [rcx + 0x320], eax
.Lseal_1:
    mov [rsp + 40], rdx
    mov qword ptr [rsp + 16], offset mirage_sealed
    xor ebp, ebp                    // where a backtrace ends
    jmp done

// Xen's calls are made by one instruction on processors of AMD, by another one on those of Intel: the number in rax,
// at most five values in rdi, rsi, rdx, r10 and r8.
call_xen:
    cmp byte ptr [mirage_shim + XEN], 2
    je .Lcall_xen_amd
    vmcall
    ret
.Lcall_xen_amd:
    vmmcall
    ret

// HYPERVISOR_event_channel_op: the operation rdi, on what rsi and rdx say, which come back in it as rdx says. It lies
// in the shim's memory: Xen reads and writes with the rights of ring 0, so that ring 3 must not say where.
event:
    cmp byte ptr [mirage_shim + XEN], 0
    je refused
    mov [mirage_shim + ARGUMENT], rsi
    mov [mirage_shim + ARGUMENT + 8], rdx
    mov esi, offset mirage_shim + ARGUMENT
    mov eax, 32
    call call_xen
    mov rdx, [mirage_shim + ARGUMENT]
    mov rcx, [mirage_shim + ARGUMENT + 8]
    jmp done

// Any of Xen's calls, rdi, with rsi and rdx: before the seal only.
hypercall:
    cmp byte ptr [mirage_shim + XEN], 0
    je refused
    cmp byte ptr [mirage_shim + SEALED], 0
    jne refused
    mov rax, rdi
    mov rdi, rsi
    mov rsi, rdx
    call call_xen
    jmp done

// SCHEDOP_shutdown: a crash for statuses that are one, else a reboot if rsi is 1, else a power-off.
exit_xen:
    mov eax, 3
    cmp dil, 99
    jae .Lexit_xen_crash
    mov eax, esi
    and eax, 1
.Lexit_xen_crash:
    mov [mirage_shim + ARGUMENT], rax
.Lexit_xen:
    mov edi, 2
    mov esi, offset mirage_shim + ARGUMENT
    mov eax, 29
    call call_xen
    jmp .Lexit_xen

.section .text.mirage_gate, "ax", @progbits
.global mirage_gate
mirage_gate:
    ud2
    ret
