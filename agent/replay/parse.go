package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/pygent/pygent/agent/event"
)

// errNoExchange says that a Player cannot use a file.
var errNoExchange = errors.New("the recording holds no exchange")

// node is an exchange at its place in the tree.
type node struct {
	exchange
	line     int
	children []*node // in the order of the file
	uses     int     // how often its reply was played; guarded by Player.mu
}

// Open reads the recording at path. A malformed line, or one that refers to a
// line that does not exist, is an error that names the file and the line.
func Open(path string) (*Player, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	defer f.Close()
	p, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p.name = path
	return p, nil
}

// Parse reads a recording of at most 256 MiB.
func Parse(r io.Reader) (*Player, error) {
	p := &Player{name: "the recording", root: &node{}}
	src := bufio.NewReader(io.LimitReader(r, maxFileBytes+1))
	var (
		nodes []*node // by line - 1; nil for lines that are not an exchange
		total int
	)
	for line := 1; ; line++ {
		raw, err := src.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if total += len(raw); total > maxFileBytes {
			return nil, fmt.Errorf("the recording is larger than %d MiB", maxFileBytes>>20)
		}
		n, perr := p.parseLine(bytes.TrimSpace(raw), line, nodes)
		if perr != nil {
			return nil, fmt.Errorf("line %d: %w", line, perr)
		}
		nodes = append(nodes, n)
		if err != nil {
			break
		}
	}
	if p.count == 0 {
		return nil, errNoExchange
	}
	return p, nil
}

// parseLine returns the exchange of a line, added to the tree, or nil.
func (p *Player) parseLine(raw []byte, line int, before []*node) (*node, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if p.count == 0 && p.header.Version == 0 && isHeader(raw) {
		if err := decodeStrict(raw, &p.header); err != nil {
			return nil, err
		}
		if p.header.Version != version {
			return nil, fmt.Errorf("pygentReplay is %d; this program reads version %d", p.header.Version, version)
		}
		return nil, nil
	}
	n := &node{line: line}
	if err := decodeStrict(raw, &n.exchange); err != nil {
		return nil, err
	}
	if err := n.check(line); err != nil {
		return nil, err
	}
	parents, err := p.parents(n, before)
	if err != nil {
		return nil, err
	}
	for _, parent := range parents {
		parent.children = append(parent.children, n)
	}
	p.count++
	return n, nil
}

func isHeader(raw []byte) bool {
	var probe struct {
		Version json.RawMessage `json:"pygentReplay"`
	}
	return json.Unmarshal(raw, &probe) == nil && probe.Version != nil
}

// parents finds the nodes that n continues; see after in the package's
// documentation.
func (p *Player) parents(n *node, before []*node) ([]*node, error) {
	if n.After != nil {
		after := *n.After
		switch {
		case after == 0:
			return []*node{p.root}, nil
		case after < 0 || after > len(before):
			return nil, fmt.Errorf(`"after" is %d, which is not an earlier line`, after)
		case before[after-1] == nil || !before[after-1].continues():
			return nil, fmt.Errorf(`"after" is %d, a line without a reply`, after)
		}
		return []*node{before[after-1]}, nil
	}
	var previous *node
	for _, b := range slices.Backward(before) {
		if b != nil && b.continues() {
			previous = b
			break
		}
	}
	if n.Messages[0].Role != event.RoleTool {
		if previous == nil {
			return []*node{p.root}, nil
		}
		return []*node{p.root, previous}, nil
	}
	if id := n.Messages[0].ToolCallID; id != "" {
		for _, b := range slices.Backward(before) {
			if b != nil && b.continues() && b.calls(id) {
				return []*node{b}, nil
			}
		}
		return nil, fmt.Errorf("it begins with the result of call %q, which no earlier reply makes", id)
	}
	if previous == nil || len(previous.Reply.Message.ToolCalls) == 0 {
		return nil, errors.New(`it begins with a tool's result, but the exchange before it calls no tool: set "after" or "toolCallId"`)
	}
	return []*node{previous}, nil
}

// continues reports whether a conversation can continue after n.
func (n *node) continues() bool { return n.Reply != nil && n.Error == nil }

// calls reports whether n's reply makes the call.
func (n *node) calls(id string) bool {
	return slices.ContainsFunc(n.Reply.Message.ToolCalls, func(c toolCall) bool { return c.ID == id })
}
