package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Schema is the version of the file's format that this package writes.
const Schema = 1

// Caps, in bytes.
const (
	maxHeader = 4 << 20
	// MaxRecord bounds one record: the longest prompt, with every byte of it
	// escaped.
	MaxRecord = 56 << 20
)

// Errors that callers distinguish.
var (
	ErrNotFound = errors.New("no such session")
	ErrDamaged  = errors.New("the session's journal is damaged")
	ErrNewer    = errors.New("the session was written by a newer version")
	ErrInUse    = errors.New("the session is in use")
	ErrClosed   = errors.New("the journal is closed")

	errCut = fmt.Errorf("%w: its header is cut or missing; delete the session", ErrDamaged)
)

// Header is the first line: the settings that a session was made with.
type Header struct {
	Schema        int       `json:"schema"`
	SessionID     string    `json:"sessionId"`
	CreatedAt     time.Time `json:"createdAt"`
	Root          string    `json:"root"`                // the workspace's host path
	Temporary     bool      `json:"temporary,omitempty"` // the workspace was removed with the session
	Runtime       string    `json:"runtime,omitempty"`
	Model         string    `json:"model,omitempty"`
	Mode          string    `json:"mode,omitempty"`
	SystemPrompt  string    `json:"systemPrompt,omitempty"` // replaces the default one
	DisabledTools []string  `json:"disabledTools,omitempty"`

	// Set in a delegated agent's session.
	ParentSessionID string  `json:"parentSessionId,omitempty"`
	TaskID          string  `json:"taskId,omitempty"`
	Name            string  `json:"name,omitempty"`
	Prompt          string  `json:"prompt,omitempty"`
	Persona         string  `json:"persona,omitempty"`
	Bounds          Bounded `json:"bounds,omitzero"`
}

// Bounded holds the bounds of each turn of a delegated agent. Zero is no bound.
type Bounded struct {
	StepTimeoutSeconds float64 `json:"stepTimeoutSeconds,omitempty"` // of a model round with its tools
	TurnTimeoutSeconds float64 `json:"turnTimeoutSeconds,omitempty"`
	Tokens             int64   `json:"tokens,omitempty"`
	CostUSD            float64 `json:"costUsd,omitempty"`
}

func (h Header) encode() ([]byte, error) {
	line, err := Encode(h)
	if err != nil {
		return nil, err
	}
	if len(line) > maxHeader {
		return nil, fmt.Errorf("the session's settings have %d bytes; at most %d are kept", len(line), maxHeader)
	}
	return line, nil
}

// readHeader reads the first line, and returns its length with the newline.
func readHeader(r io.ReaderAt) (Header, int64, error) {
	buf := make([]byte, 4<<10)
	for {
		n, err := r.ReadAt(buf, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return Header{}, 0, fmt.Errorf("read its header: %w", err)
		}
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			h, err := decodeHeader(buf[:i])
			return h, int64(i) + 1, err
		}
		switch {
		case n < len(buf):
			return Header{}, 0, errCut
		case n > maxHeader:
			return Header{}, 0, fmt.Errorf("%w: its header has no end; delete the session", ErrDamaged)
		}
		buf = make([]byte, 4*len(buf))
	}
}

func decodeHeader(line []byte) (Header, error) {
	// The version comes first, because a newer version may name its fields
	// differently.
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(line, &version); err != nil || version.Schema < 1 {
		return Header{}, fmt.Errorf("%w: its first line is no header; delete the session", ErrDamaged)
	}
	if version.Schema > Schema {
		return Header{}, fmt.Errorf("%w: its schema is %d and this program knows %d; update it", ErrNewer, version.Schema, Schema)
	}
	var h Header
	if err := json.Unmarshal(line, &h); err != nil {
		return Header{}, fmt.Errorf("%w: its header: %w", ErrDamaged, err)
	}
	return h, nil
}

// Encode makes the JSON of one record. Unlike json.Marshal it does not escape <,
// > and &, which are frequent in code and would take six bytes each.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
