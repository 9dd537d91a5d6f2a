// What compiled code calls to move, fill and compare bytes; the host's libc has them, an image has these.

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
    jb .Lmemcpy_4
    movups xmm1, [rsi + rdx - 16]   // the last 16 bytes, which may overlap those before
    lea r8, [rdi + rdx - 16]
    cmp rdx, 64
    jb .Lmemcpy_2
.Lmemcpy_1:
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
    jae .Lmemcpy_1
.Lmemcpy_2:
    cmp rdx, 16
    jb .Lmemcpy_3
    movups xmm0, [rsi]
    movups [rdi], xmm0
    add rsi, 16
    add rdi, 16
    sub rdx, 16
    jmp .Lmemcpy_2
.Lmemcpy_3:
    movups [r8], xmm1
    ret
.Lmemcpy_4:
    cmp edx, 8
    jb .Lmemcpy_5
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
.Lmemcpy_5:
    cmp edx, 4
    jb .Lmemcpy_6
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret
.Lmemcpy_6:
    test edx, edx
    jz .Lmemcpy_7
    movzx ecx, byte ptr [rsi]
    movzx r8d, byte ptr [rsi + rdx - 1]
    mov r9, rdx
    shr r9, 1                       // of three bytes the middle one, of two the last, of one itself
    movzx r10d, byte ptr [rsi + r9]
    mov [rdi + r9], r10b
    mov [rdi + rdx - 1], r8b
    mov [rdi], cl
.Lmemcpy_7:
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
    movq xmm0, r8
    punpcklqdq xmm0, xmm0
    lea rcx, [rdi + rdx - 16]
.Lmemset_1:
    cmp rdi, rcx
    jae .Lmemset_2
    movups [rdi], xmm0
    add rdi, 16
    jmp .Lmemset_1
.Lmemset_2:
    movups [rcx], xmm0
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
