package edit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// File is the decoded text of a file, with what is needed to encode it again. The
// zero File is an empty text in UTF-8.
type File struct {
	Text string // with the line ends of the file, without its byte order mark

	encoding encoding
	bom      bool
}

type encoding int

const (
	plainUTF8 encoding = iota
	brokenUTF8
	utf16LE
	utf16BE
	latin1
)

// The byte order marks, as bytes and as a character.
const (
	bomUTF8    = "\xef\xbb\xbf"
	bomUTF16LE = "\xff\xfe"
	bomUTF16BE = "\xfe\xff"
	bomRune    = "\ufeff"
)

// BinaryError says why a file is no text.
type BinaryError struct{ Reason string }

func (e *BinaryError) Error() string { return "the file is not text: " + e.Reason }

// Decode reads a file as text: UTF-8 with or without a byte order mark, UTF-16
// with one, else Latin-1. Encode gives the same bytes again for the same text. The
// error is a *BinaryError when the file is no text.
//
// Where invalid bytes stand among more characters that are valid UTF-8 beyond
// ASCII, the file is UTF-8 with a few broken bytes, and Text has them as they are:
// a Latin-1 character written into it would break it further.
func Decode(data []byte) (File, error) {
	switch {
	case bytes.HasPrefix(data, []byte(bomUTF16LE)):
		return decodeUTF16(data, utf16LE, binary.LittleEndian)
	case bytes.HasPrefix(data, []byte(bomUTF16BE)):
		return decodeUTF16(data, utf16BE, binary.BigEndian)
	case bytes.IndexByte(data, 0) >= 0:
		return File{}, &BinaryError{Reason: "it has a zero byte"}
	}
	data, bom := bytes.CutPrefix(data, []byte(bomUTF8))
	if utf8.Valid(data) {
		return File{Text: string(data), bom: bom}, nil
	}
	valid, invalid, controls := census(data)
	switch {
	case controls > len(data)/100:
		return File{}, &BinaryError{Reason: "it is not UTF-8 and has control characters"}
	case bom || valid > invalid:
		return File{Text: string(data), encoding: brokenUTF8, bom: bom}, nil
	}
	text := make([]byte, 0, len(data)+len(data)/8)
	for _, c := range data {
		text = utf8.AppendRune(text, rune(c))
	}
	return File{Text: string(text), encoding: latin1}, nil
}

// census counts the characters beyond ASCII, the bytes that belong to no
// character, and the control characters that texts do not have.
func census(data []byte) (valid, invalid, controls int) {
	for i := 0; i < len(data); {
		c := data[i]
		if c < utf8.RuneSelf {
			if c < ' ' && !strings.ContainsRune("\b\t\n\v\f\r\x1b", rune(c)) {
				controls++
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			invalid++
		} else {
			valid++
		}
		i += size
	}
	return valid, invalid, controls
}

func decodeUTF16(data []byte, e encoding, order binary.ByteOrder) (File, error) {
	if len(data)%2 != 0 {
		return File{}, &BinaryError{Reason: "it begins like UTF-16 and has an odd number of bytes"}
	}
	units := make([]uint16, 0, len(data)/2)
	for i := len(bomUTF16LE); i < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	f := File{Text: string(utf16.Decode(units)), encoding: e, bom: true}
	back, err := f.Encode(f.Text)
	if err != nil || !bytes.Equal(back, data) || strings.Contains(f.Text, "\x00") {
		return File{}, &BinaryError{Reason: "it begins like UTF-16 and is not"}
	}
	return f, nil
}

// Encode returns text as the bytes of a file in f's encoding, with f's byte order
// mark. It fails when the encoding lacks a character of text.
func (f File) Encode(text string) ([]byte, error) {
	if f.bom {
		text = strings.TrimPrefix(text, bomRune)
	}
	if f.encoding != brokenUTF8 && !utf8.ValidString(text) {
		return nil, errors.New("the new text is not valid UTF-8")
	}
	switch f.encoding {
	case utf16LE:
		return encodeUTF16(bomUTF16LE, text, binary.LittleEndian), nil
	case utf16BE:
		return encodeUTF16(bomUTF16BE, text, binary.BigEndian), nil
	case latin1:
		return encodeLatin1(text)
	default:
		if f.bom {
			text = bomUTF8 + text
		}
		return []byte(text), nil
	}
}

func encodeUTF16(bom, text string, order binary.AppendByteOrder) []byte {
	out := make([]byte, 0, len(bom)+2*len(text))
	out = append(out, bom...)
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func encodeLatin1(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for i, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("line %d: the file's encoding, Latin-1, has no %q (U+%04X)", lineAt(text, i), r, r)
		}
		out = append(out, byte(r))
	}
	return out, nil
}

// Encoding returns the name of the encoding, such as "UTF-8" or "UTF-16LE with BOM".
func (f File) Encoding() string {
	name := [...]string{"UTF-8", "UTF-8 with invalid bytes", "UTF-16LE", "UTF-16BE", "Latin-1"}[f.encoding]
	if f.bom {
		name += " with BOM"
	}
	return name
}
