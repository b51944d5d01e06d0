package snapshot

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"unicode/utf8"
)

// Kind is the type of the file at a path.
type Kind string

// The kinds.
const (
	Absent  Kind = "absent"
	File    Kind = "file"
	Dir     Kind = "dir"
	Link    Kind = "link"
	Special Kind = "special" // a device, FIFO or socket: never covered
)

// Hash is the SHA-256 of a content.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes 64 hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the form of MarshalText.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*len(h) {
		return fmt.Errorf("hash %q: want %d hexadecimal digits", text, 2*len(h))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Name is a path in the workspace, with slashes, or a link's target: the bytes
// in the file system. In JSON it is a string if that is lossless, else
// {"base64": "…"}.
type Name string

type rawName struct {
	Base64 string `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (n Name) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return json.Marshal(string(n))
	}
	return json.Marshal(rawName{base64.StdEncoding.EncodeToString([]byte(n))})
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Name) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(n))
	}
	var raw rawName
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("read a name: %w", err)
	}
	bytes, err := base64.StdEncoding.DecodeString(raw.Base64)
	*n = Name(bytes)
	return err
}

// State is the state of a path at one time.
type State struct {
	Kind   Kind   `json:"kind"`
	Mode   uint32 `json:"mode,omitempty"` // for chmod(2): 07777 at most; 0 for a link
	Size   int64  `json:"size,omitempty"` // bytes of a file
	Hash   Hash   `json:"hash,omitzero"`  // of a file that is covered
	Target Name   `json:"target,omitempty"`
	UID    uint32 `json:"uid,omitempty"`
	GID    uint32 `json:"gid,omitempty"`
	// Uncovered is why the content is not known, "" if it is known.
	Uncovered string `json:"uncovered,omitempty"`
}

// Same reports whether both have the same kind, mode and content. An uncovered
// state equals no other state. Owners do not count.
func (s State) Same(other State) bool {
	return s.Uncovered == "" && other.Uncovered == "" && s.Kind == other.Kind &&
		s.Mode == other.Mode && s.sameContent(other)
}

func (s State) sameContent(other State) bool {
	return s.Kind == other.Kind && s.Size == other.Size && s.Hash == other.Hash && s.Target == other.Target
}

// kindOf returns the kind of a file with this mode.
func kindOf(mode fs.FileMode) Kind {
	switch {
	case mode.IsRegular():
		return File
	case mode.IsDir():
		return Dir
	case mode&fs.ModeSymlink != 0:
		return Link
	}
	return Special
}

// permOf converts Go's mode to that of chmod(2); permission bits of links have
// no meaning.
func permOf(mode fs.FileMode) uint32 {
	if mode&fs.ModeSymlink != 0 {
		return 0
	}
	perm := uint32(mode.Perm())
	for _, b := range chmodBits() {
		if mode&b.flag != 0 {
			perm |= b.bit
		}
	}
	return perm
}

// fileMode is the reverse of permOf.
func fileMode(perm uint32) fs.FileMode {
	mode := fs.FileMode(perm & 0o777)
	for _, b := range chmodBits() {
		if perm&b.bit != 0 {
			mode |= b.flag
		}
	}
	return mode
}

type chmodBit struct {
	bit  uint32
	flag fs.FileMode
}

func chmodBits() [3]chmodBit {
	return [3]chmodBit{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}}
}
