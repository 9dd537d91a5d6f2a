// From an image as it is in its file to one as it was linked.
//
// `mirage build` packs everything behind the shim into one block of LZ4 (doc/lz4_Block_format.md of the LZ4 project),
// which ends where the image ends, and writes to `mirage_packed` where it begins. What comes of it grows towards it from
// below, and never overtakes it: the tool has tried. This runs in ring 3, before anything else there, on no stack.

.section .shim.text, "ax", @progbits
.code64
// edi: the start info, which is handed on.
mirage_unpack:
    mov esi, [mirage_packed]
    test esi, esi
    jz mirage_setup                 // it is as it was linked
    mov r8d, edi
    mov edi, offset mirage_text_start
    mov r9d, offset mirage_image_end

    // A sequence: a token, literals, and from where the bytes after them are repeated.
.Lmirage_unpack_1:
    lodsb
    movzx edx, al
    mov ecx, edx
    shr ecx, 4
    and edx, 15
    cmp ecx, 15
    jne .Lmirage_unpack_3
.Lmirage_unpack_2:                  // a long number goes on, in bytes that add up, to one that is not 255
    movzx eax, byte ptr [rsi]
    inc rsi
    add ecx, eax
    cmp al, 255
    je .Lmirage_unpack_2
.Lmirage_unpack_3:
    rep movsb
    cmp rsi, r9
    jae .Lmirage_unpack_6           // the last one is of literals only
    movzx eax, word ptr [rsi]
    add rsi, 2
    mov r10, rdi
    sub r10, rax
    cmp edx, 15
    jne .Lmirage_unpack_5
.Lmirage_unpack_4:
    movzx eax, byte ptr [rsi]
    inc rsi
    add edx, eax
    cmp al, 255
    je .Lmirage_unpack_4
.Lmirage_unpack_5:
    lea ecx, [rdx + 4]              // the shortest repetition
    xchg rsi, r10
    rep movsb
    mov rsi, r10
    jmp .Lmirage_unpack_1

    // What is not in the file begins as zero.
.Lmirage_unpack_6:
    mov rcx, r9
    sub rcx, rdi
    xor eax, eax
    rep stosb
    mov edi, r8d
    jmp mirage_setup

.section .shim.data, "aw", @progbits
.balign 8
.global mirage_packed
mirage_packed: .quad 0
