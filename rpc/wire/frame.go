package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"strings"
)

// MaxMessageBytes is the greatest value of Options.MaxMessageBytes.
const MaxMessageBytes = 1 << 30

// Limits of the framing, as protocol.md documents them.
const (
	// DefaultMaxMessageBytes bounds one incoming message.
	DefaultMaxMessageBytes = 64 << 20

	maxHeaderBytes = 8 << 10
	maxSkipBytes   = MaxMessageBytes // the longest refused body that is skipped; a longer one is fatal
	readBufSize    = 64 << 10        // also the longest script line that is copied only once
)

// Framing is how messages are framed.
type Framing int32

// Framings.
const (
	FramingUnknown Framing = iota
	FramingHeaders         // Content-Length headers, as in the Language Server Protocol
	FramingLines           // script mode: one message per line
)

// FrameError refuses a frame. A fatal one ends the connection, because the start of
// the next frame is unknown.
type FrameError struct {
	err   error // wraps ErrParse or ErrInvalidRequest
	fatal bool
}

func (e *FrameError) Error() string { return e.err.Error() }
func (e *FrameError) Unwrap() error { return e.err }

func fatalf(base error, format string, args ...any) error {
	return &FrameError{err: fmt.Errorf("%w: %w", base, fmt.Errorf(format, args...)), fatal: true}
}

func refusef(base error, format string, args ...any) error {
	return &FrameError{err: fmt.Errorf("%w: %w", base, fmt.Errorf(format, args...))}
}

// frameReader splits the input into messages.
type frameReader struct {
	r       *bufio.Reader
	max     int64
	framing Framing
}

func newFrameReader(r io.Reader, maxBytes int64) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, readBufSize), max: maxBytes}
}

// choose sets the framing by the first byte that is not white space.
func (f *frameReader) choose() error {
	c, err := f.firstByte()
	if err != nil {
		return err
	}
	switch c {
	case 'C', 'c':
		f.framing = FramingHeaders
	case '{':
		f.framing = FramingLines
	default:
		return fatalf(ErrParse, "the input begins with %q: expected a Content-Length header or a JSON object", c)
	}
	return nil
}

// firstByte skips white space and returns the next byte without consuming it.
func (f *frameReader) firstByte() (byte, error) {
	for {
		c, err := f.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if !isSpace(c) {
			return c, f.r.UnreadByte()
		}
	}
}

// next returns the next message's text, freshly allocated. The error is a *FrameError
// or the input's error. It is io.EOF also when the input ends within a frame.
func (f *frameReader) next() ([]byte, error) {
	if f.framing == FramingUnknown {
		if err := f.choose(); err != nil {
			return nil, err
		}
	}
	var body []byte
	var err error
	if f.framing == FramingLines {
		body, err = f.line()
	} else {
		body, err = f.headed()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return body, err
}

// line returns the next line that is not blank.
func (f *frameReader) line() ([]byte, error) {
	for {
		line, err := f.rawLine()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil // at the end of input the next call returns io.EOF
		}
		if err != nil {
			return nil, err
		}
	}
}

// rawLine reads up to a newline. It skips and refuses a line over the limit.
func (f *frameReader) rawLine() ([]byte, error) {
	var line []byte
	var size int64
	for {
		part, err := f.r.ReadSlice('\n')
		size += int64(len(part))
		switch {
		case size > maxSkipBytes:
			return nil, fatalf(ErrInvalidRequest, "the line is longer than %d bytes", int64(maxSkipBytes))
		case size <= f.max+int64(len("\r\n")):
			line = append(line, part...)
		default:
			line = nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if size > f.max+int64(len("\r\n")) {
			return nil, refusef(ErrInvalidRequest, "the message has %d bytes, the limit is %d", size, f.max)
		}
		return line, err
	}
}

// headed reads a header block and its body.
func (f *frameReader) headed() ([]byte, error) {
	if _, err := f.firstByte(); err != nil {
		return nil, err
	}
	h, err := f.header()
	if err != nil {
		return nil, err
	}
	switch {
	case h.length > maxSkipBytes:
		return nil, fatalf(ErrInvalidRequest, "Content-Length is over %d, and the limit is %d", int64(maxSkipBytes), f.max)
	case h.length > f.max:
		if err := f.skip(h.length); err != nil {
			return nil, err
		}
		return nil, refusef(ErrInvalidRequest, "the message has %d bytes, the limit is %d", h.length, f.max)
	case h.charset != "":
		if err := f.skip(h.length); err != nil {
			return nil, err
		}
		return nil, refusef(ErrParse, "charset %q is not supported: send utf-8", h.charset)
	}
	return f.body(h.length)
}

func (f *frameReader) skip(n int64) error {
	_, err := io.CopyN(io.Discard, f.r, n)
	return err
}

// body reads n bytes. It allocates as data arrives, so that a header alone cannot make
// it allocate the whole limit.
func (f *frameReader) body(n int64) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(n, step))
	for int64(len(b)) < n {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(n, int64(cap(b))*2)), b...)
		}
		have := len(b)
		b = b[:cap(b)]
		if _, err := io.ReadFull(f.r, b[have:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// header is a parsed header block. An empty charset means UTF-8.
type header struct {
	length  int64
	charset string
}

func (f *frameReader) header() (header, error) {
	h := header{length: -1}
	for left := maxHeaderBytes; ; {
		line, err := f.headerLine(&left)
		if err != nil {
			return h, err
		}
		if line == "" {
			break
		}
		if err := h.set(line); err != nil {
			return h, err
		}
	}
	if h.length < 0 {
		return h, fatalf(ErrParse, "the header has no Content-Length")
	}
	return h, nil
}

// headerLine reads one line byte by byte, so that an endless header is refused at
// its limit and not when a buffer is full.
func (f *frameReader) headerLine(left *int) (string, error) {
	var line []byte
	for ; *left > 0; *left-- {
		c, err := f.r.ReadByte()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			*left--
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		if len(line) == 0 && c != '\r' && !isLetter(c) {
			return "", fatalf(ErrParse, "a header line begins with %q", c)
		}
		line = append(line, c)
	}
	return "", fatalf(ErrParse, "the header is longer than %d bytes", maxHeaderBytes)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (h *header) set(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return fatalf(ErrParse, "the header line %.80q has no colon", line)
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "content-length":
		n, err := parseLength(value)
		if err != nil {
			return err
		}
		if h.length >= 0 && h.length != n {
			return fatalf(ErrParse, "Content-Length is given twice, %d and %d", h.length, n)
		}
		h.length = n
	case "content-type":
		_, params, err := mime.ParseMediaType(value)
		charset := strings.ToLower(params["charset"])
		if err == nil && charset != "" && charset != "utf-8" && charset != "utf8" {
			h.charset = charset
		}
	}
	return nil
}

// parseLength parses a length, which has digits only. A length over an int64 is
// math.MaxInt64.
func parseLength(s string) (int64, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, fatalf(ErrParse, "Content-Length %.80q is not a number of bytes", s)
	}
	var n int64
	for _, c := range []byte(s) {
		d := int64(c - '0')
		if n > (math.MaxInt64-d)/10 {
			return math.MaxInt64, nil
		}
		n = n*10 + d
	}
	return n, nil
}
