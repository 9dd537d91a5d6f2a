// From an image as it is in its file to one as it was linked.
//
// `mirage build` packs everything behind the shim into one block (mirage-pack, which says what is in one), which ends where
// the image ends, and writes to `mirage_packed` where it begins. What comes of it grows towards it from below, and never
// overtakes it: the tool has tried. This runs in ring 3, before anything else there.
//
// A command's place in the table has how it is carried out (bits 0 to 31), how many bytes it repeats, 1 if a number says
// it (32 to 39), and what is added to their place (40 to 63). Commands of up to two literals and up to 16 bytes, nearly all
// there are, are carried out without a branch but to the next one.

.set BOOK, 240                      // commands with a token of their own
.set NEAR, 48                       // kinds of places of one byte,
.set FAR, 8                         // and of two
.set SHORT, 16                      // what is repeated at most without a number
.set TABLES, (4096 + 256) * 8       // on the stack: what commands and tokens mean

// rsi: the token; r12, r13: what the tokens and the commands mean
.macro mirage_unpack_next
    movzx edx, byte ptr [rsi]
    mov rdx, [r12 + rdx * 8]
    mov eax, edx
    shr rdx, 32
    jmp rax
.endm

// Bytes behind rsi, up to one that is not 255, are added to ecx; rsi is the last one.
.macro mirage_unpack_number
77:
    inc esi
    movzx eax, byte ptr [rsi]
    add ecx, eax
    cmp al, 255
    je 77b
.endm

// ebx: how far back, from as many bytes behind `offset` as the kind has
.macro mirage_unpack_place size, offset
    .if \size == 1
    movzx eax, byte ptr [rsi + \offset]
    .elseif \size == 2
    movzx eax, word ptr [rsi + \offset]
    .endif
    .if \size
    shr edx, 8
    lea ebx, [rdx + rax]
    .endif
.endm

.macro mirage_unpack_short literals, size
.Lmirage_unpack_short_\size\()_\literals:
    .if \literals == 1
    mov al, [rsi + 1]
    mov [rdi], al
    .elseif \literals == 2
    mov ax, [rsi + 1]
    mov [rdi], ax
    .endif
    movzx ecx, dl
    mirage_unpack_place \size, 1 + \literals
    .if \literals
    add edi, \literals
    .endif
    mov eax, edi
    sub eax, ebx
    movups xmm0, [rax]
    movups [rdi], xmm0
    add edi, ecx
    add esi, 1 + \literals + \size
    mirage_unpack_next
.endm

// Literals first, by how many there are, and then what `name` says.
.macro mirage_unpack_long name
    .irp literals, 0, 1, 2
.Lmirage_unpack_long_\name\()_\literals:
    push \literals
    pop rcx
    jmp .Lmirage_unpack_literals_\name
    .endr
.Lmirage_unpack_long_\name\()_3:
    push 3
    pop rcx
    mirage_unpack_number
.Lmirage_unpack_literals_\name:
    inc esi
    rep movsb
.endm

.section .shim.text, "ax", @progbits
.code64
// edi: the start info, which is handed on.
mirage_unpack:
    mov esi, [mirage_packed]
    test esi, esi
    jz mirage_setup                 // it is as it was linked
    push rdi

    // What each command means, by kind, length and literals.
    sub rsp, TABLES
    mov r13, rsp
    mov rdi, rsp
    mov ebx, offset mirage_unpack
    xor r8d, r8d                    // the kind
.Lmirage_unpack_1:
    mov r9d, offset .Lmirage_unpack_near
    mov r10d, r8d                   // what is added: 256 times as much
    cmp r8d, NEAR
    jb .Lmirage_unpack_2
    mov r9d, offset .Lmirage_unpack_far
    lea r10d, [r8 - NEAR]
    shl r10d, 8                     // 65,536 times
    cmp r8d, NEAR + FAR
    jb .Lmirage_unpack_2
    mov r9d, offset .Lmirage_unpack_again
    je .Lmirage_unpack_2
    mov r9d, offset .Lmirage_unpack_end
.Lmirage_unpack_2:
    shl r10d, 16
    lea rdx, [r9 + 4 * 2]           // the length is a number
    mov ecx, SHORT
.Lmirage_unpack_3:
    inc r10d
    .irp literals, 0, 1, 2, 3
    movzx eax, word ptr [rdx + \literals * 2]
    add eax, ebx
    mov [rdi + \literals * 8], eax
    mov [rdi + \literals * 8 + 4], r10d
    .endr
    add rdi, 4 * 8
    mov rdx, r9
    dec ecx
    jnz .Lmirage_unpack_3
    inc r8d
    cmp r8d, 64
    jb .Lmirage_unpack_1

    // What each token means.
    mov r12, rdi
    mov ecx, BOOK
.Lmirage_unpack_4:
    movzx eax, word ptr [rsi]
    add esi, 2
    mov rax, [r13 + rax * 8]
    stosq
    dec ecx
    jnz .Lmirage_unpack_4
    mov eax, offset .Lmirage_unpack_two
    mov ecx, 256 - BOOK
    mov rdx, 1 << 40                // the upper bits of the command, above the lower byte
.Lmirage_unpack_5:
    stosq
    add rax, rdx
    dec ecx
    jnz .Lmirage_unpack_5

    mov edi, offset mirage_text_start
.Lmirage_unpack_next:
    mirage_unpack_next

    // The command is in two bytes.
.Lmirage_unpack_two:
    inc esi
    movzx eax, byte ptr [rsi]
    or eax, edx
    mov rdx, [r13 + rax * 8]
    mov eax, edx
    shr rdx, 32
    jmp rax

    .irp size, 0, 1, 2
    .irp literals, 0, 1, 2
    mirage_unpack_short \literals, \size
    .endr
    .endr

    .irp size, 0, 1, 2
    mirage_unpack_long \size
    movzx ecx, dl
    mirage_unpack_place \size, 0
    .if \size
    add esi, \size
    .endif
    jmp .Lmirage_unpack_6
    .endr
.Lmirage_unpack_6:
    cmp ecx, 1
    jne .Lmirage_unpack_7
    mov cl, SHORT + 1
    dec esi
    mirage_unpack_number
    inc esi
.Lmirage_unpack_7:
    mov eax, esi
    mov esi, edi
    sub esi, ebx
    rep movsb
    mov esi, eax
    jmp .Lmirage_unpack_next

    mirage_unpack_long end
    // What is not in the file begins as zero.
    mov ecx, offset mirage_image_end
    sub ecx, edi
    xor eax, eax
    rep stosb

    // Calls have where they go, as if the code began at 0, and are to have how far that is.
    mov esi, offset mirage_text_start
    mov edi, offset mirage_rodata_start - 4     // a call begins before
    mov r8d, offset mirage_rodata_start
    sub r8d, esi                                // how much code there is
    mov eax, 0xe8e8e8e8
    movd xmm1, eax
    pshufd xmm1, xmm1, 0
.Lmirage_unpack_8:
    movups xmm0, [rsi]
    pcmpeqb xmm0, xmm1
    pmovmskb eax, xmm0
    test eax, eax
    jnz .Lmirage_unpack_9
    add esi, 16
    cmp esi, edi
    jb .Lmirage_unpack_8
    jmp .Lmirage_unpack_12
.Lmirage_unpack_9:
    bsf eax, eax
    add esi, eax
    cmp esi, edi
    jae .Lmirage_unpack_12
    mov eax, [rsi + 1]
    bswap eax
    lea edx, [rsi + 5]
    sub edx, offset mirage_text_start           // where the next instruction is
    cmp eax, r8d
    jb .Lmirage_unpack_10
    // It goes out of the code: those that are less than the code is long have changed places with those that are not.
    mov ecx, eax
    add ecx, edx
    jnc .Lmirage_unpack_11
    add eax, r8d
    jmp .Lmirage_unpack_11
.Lmirage_unpack_10:
    sub eax, edx
.Lmirage_unpack_11:
    mov [rsi + 1], eax
    add esi, 5
    cmp esi, edi
    jb .Lmirage_unpack_8

.Lmirage_unpack_12:
    add rsp, TABLES
    pop rdi
    jmp mirage_setup

// How commands are carried out, by their literals: those of a length of their own, and those a number says it of.
.macro mirage_unpack_ways name, size
.Lmirage_unpack_\name:
    .irp literals, 0, 1, 2
    .short .Lmirage_unpack_short_\size\()_\literals - mirage_unpack
    .endr
    .short .Lmirage_unpack_long_\size\()_3 - mirage_unpack
    .irp literals, 0, 1, 2, 3
    .short .Lmirage_unpack_long_\size\()_\literals - mirage_unpack
    .endr
.endm
    mirage_unpack_ways again, 0
    mirage_unpack_ways near, 1
    mirage_unpack_ways far, 2
.Lmirage_unpack_end:
    .rept 2
    .irp literals, 0, 1, 2, 3
    .short .Lmirage_unpack_long_end_\literals - mirage_unpack
    .endr
    .endr

.section .shim.data, "aw", @progbits
.balign 8
.global mirage_packed
mirage_packed: .quad 0
