// What compiled code calls to move, fill and compare bytes; the host's libc has them, an image has these.
//
// Only what is long is moved by the floating-point unit's registers: a machine that has touched none of them since it was
// switched to need not be given them, which takes Xen an exit of its own.

.section .text.memcpy, "ax", @progbits
.global memcpy, memmove
.balign 16
memmove:
    mov rax, rdi
    sub rax, rsi
    cmp rax, rdx                    // does it begin within the source?
    jb backwards
memcpy:
    mov rax, rdi
    cmp rdx, 16
    jb .Lmemcpy_8
    cmp rdx, 2048
    jae .Lmemcpy_4
    mov r8, [rsi + rdx - 16]        // the last 16 bytes, which may overlap those before
    mov r9, [rsi + rdx - 8]
    lea r10, [rdi + rdx - 16]
    cmp rdx, 32
    jbe .Lmemcpy_2
    lea rdx, [rdi + rdx - 32]
.Lmemcpy_1:
    mov rcx, [rsi]
    mov r11, [rsi + 8]
    mov [rdi], rcx
    mov [rdi + 8], r11
    mov rcx, [rsi + 16]
    mov r11, [rsi + 24]
    mov [rdi + 16], rcx
    mov [rdi + 24], r11
    add rsi, 32
    add rdi, 32
    cmp rdi, rdx
    jb .Lmemcpy_1
.Lmemcpy_2:
    cmp rdi, r10
    jae .Lmemcpy_3
    mov rcx, [rsi]
    mov r11, [rsi + 8]
    mov [rdi], rcx
    mov [rdi + 8], r11
.Lmemcpy_3:
    mov [r10], r8
    mov [r10 + 8], r9
    ret
.Lmemcpy_4:
    movups xmm1, [rsi + rdx - 16]
    lea r8, [rdi + rdx - 16]
.Lmemcpy_5:
    movups xmm0, [rsi]
    movups xmm2, [rsi + 16]
    movups xmm3, [rsi + 32]
    movups xmm4, [rsi + 48]
    movups [rdi], xmm0
    movups [rdi + 16], xmm2
    movups [rdi + 32], xmm3
    movups [rdi + 48], xmm4
    add rsi, 64
    add rdi, 64
    sub rdx, 64
    cmp rdx, 64
    jae .Lmemcpy_5
.Lmemcpy_6:
    cmp rdi, r8
    jae .Lmemcpy_7
    movups xmm0, [rsi]
    movups [rdi], xmm0
    add rsi, 16
    add rdi, 16
    jmp .Lmemcpy_6
.Lmemcpy_7:
    movups [r8], xmm1
    ret
.Lmemcpy_8:
    cmp edx, 8
    jb .Lmemcpy_9
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
.Lmemcpy_9:
    cmp edx, 4
    jb .Lmemcpy_10
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret
.Lmemcpy_10:
    test edx, edx
    jz .Lmemcpy_11
    movzx ecx, byte ptr [rsi]
    movzx r8d, byte ptr [rsi + rdx - 1]
    mov r9, rdx
    shr r9, 1                       // of three bytes the middle one, of two the last, of one itself
    movzx r10d, byte ptr [rsi + r9]
    mov [rdi + r9], r10b
    mov [rdi + rdx - 1], r8b
    mov [rdi], cl
.Lmemcpy_11:
    ret

.balign 16
backwards:
    mov rax, rdi
.Lbackwards_1:
    cmp rdx, 8
    jb .Lbackwards_2
    mov rcx, [rsi + rdx - 8]
    mov [rdi + rdx - 8], rcx
    sub rdx, 8
    jmp .Lbackwards_1
.Lbackwards_2:
    test rdx, rdx
    jz .Lbackwards_3
    mov cl, [rsi + rdx - 1]
    mov [rdi + rdx - 1], cl
    dec rdx
    jmp .Lbackwards_2
.Lbackwards_3:
    ret

.section .text.memset, "ax", @progbits
.global memset
.balign 16
memset:
    mov rax, rdi
    movzx ecx, sil
    mov r8, 0x0101010101010101
    imul r8, rcx
    cmp rdx, 16
    jb .Lmemset_3
    lea rcx, [rdi + rdx - 16]
.Lmemset_1:
    cmp rdi, rcx
    jae .Lmemset_2
    mov [rdi], r8
    mov [rdi + 8], r8
    add rdi, 16
    jmp .Lmemset_1
.Lmemset_2:
    mov [rcx], r8
    mov [rcx + 8], r8
    ret
.Lmemset_3:
    test rdx, rdx
    jz .Lmemset_4
    mov [rdi + rdx - 1], r8b
    dec rdx
    jmp .Lmemset_3
.Lmemset_4:
    ret

.section .text.memcmp, "ax", @progbits
.global memcmp, bcmp
.balign 16
memcmp:
bcmp:
    cmp rdx, 8
    jb .Lbcmp_2
    mov rax, [rdi]
    mov rcx, [rsi]
    cmp rax, rcx
    jne .Lbcmp_1
    add rdi, 8
    add rsi, 8
    sub rdx, 8
    jmp bcmp
.Lbcmp_1:
    bswap rax                       // the first byte counts most
    bswap rcx
    cmp rax, rcx
    sbb eax, eax
    or eax, 1
    ret
.Lbcmp_2:
    xor eax, eax
    test rdx, rdx
    jz .Lbcmp_3
    movzx eax, byte ptr [rdi]
    movzx ecx, byte ptr [rsi]
    inc rdi
    inc rsi
    dec rdx
    sub eax, ecx
    jz .Lbcmp_2
.Lbcmp_3:
    ret

.section .text.strlen, "ax", @progbits
.global strlen
strlen:
    mov rax, rdi
.Lstrlen_1:
    cmp byte ptr [rax], 0
    je .Lstrlen_2
    inc rax
    jmp .Lstrlen_1
.Lstrlen_2:
    sub rax, rdi
    ret
