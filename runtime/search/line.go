package search

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Line is a line of a file.
type Line struct {
	Number int    // from 1
	Text   string // without its end, valid UTF-8, MaxLine characters at most
	Match  bool   // else it is context

	offset, size int64 // in the file
}

const ellipsis = "…"

// cutAround returns a line as text, a long one cut around the byte where it matches.
func cutAround(line []byte, match int) string {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) <= MaxLine || utf8.RuneCount(line) <= MaxLine {
		return plainText(line)
	}
	const room = MaxLine - 2 // characters, with an ellipsis on both sides
	from := back(line, min(match, len(line)), room/3)
	to := forward(line, from, room)
	if to == len(line) {
		from = back(line, to, room)
	}
	cut := plainText(line[from:to])
	if from > 0 {
		cut = ellipsis + cut
	}
	if to < len(line) {
		cut += ellipsis
	}
	return cut
}

// back returns where n characters before at begin.
func back(line []byte, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRune(line[:at])
		at -= size
	}
	return at
}

// forward returns where n characters from at on end.
func forward(line []byte, at, n int) int {
	for ; n > 0 && at < len(line); n-- {
		_, size := utf8.DecodeRune(line[at:])
		at += size
	}
	return at
}

// plainText returns bytes as text that JSON can carry.
func plainText(line []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(line), "\uFFFD"), "\x00", "\uFFFD")
}

// fromUTF16 returns the UTF-8 of a text that begins with a byte order mark of UTF-16, and
// other texts as they are.
func fromUTF16(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}
