package chat

import (
	"regexp"
	"strings"
)

// maxOpenBlock bounds the open block, in bytes, because each frame renders it again. A
// longer block is split into pieces; a list is split earlier, between two items.
const (
	maxOpenBlock = 4 << 10
	longList     = 1 << 10
)

var (
	fenceLine = regexp.MustCompile("^ {0,3}(```+|~~~+)(.*)$")
	tableRule = regexp.MustCompile(`^ {0,3}[|:]?[-|: ]*-[-|: ]*$`)
	listLine  = regexp.MustCompile(`^ {0,3}([-*+]|[0-9]{1,9}[.)])( |$)`)
)

// piece is Markdown that can be rendered alone. joined says that it continues the block
// before it, without a gap.
type piece struct {
	text   string
	joined bool
}

// blocks splits streamed Markdown into complete blocks and an open one. It reads each
// line once.
type blocks struct {
	lines  []string // complete lines of the open block
	size   int      // of them, in bytes
	tail   string   // the incomplete last line
	fence  string   // the fence that ends the current code block, "" outside of one
	head   string   // the first line of that block
	blank  bool     // the open list has ended, unless the next line belongs to it
	joined bool     // the open block continues the one before
}

// add appends text and returns the blocks that it completes.
func (b *blocks) add(text string) (done []piece) {
	text = b.tail + text
	for {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			break
		}
		done = b.line(done, line)
		text = rest
	}
	b.tail = text
	if len(b.tail) > maxOpenBlock { // a very long line
		cut := strings.LastIndexByte(b.tail, ' ') + 1
		if cut == 0 {
			cut = len(b.tail)
		}
		b.lines, b.tail = append(b.lines, b.tail[:cut]), b.tail[cut:]
		done = b.flush(done, true)
	}
	return done
}

// open returns the incomplete block.
func (b *blocks) open() piece {
	return piece{strings.Join(append(b.lines[:len(b.lines):len(b.lines)], b.tail), "\n"), b.joined}
}

// end completes the open block.
func (b *blocks) end() (done []piece) {
	if b.tail != "" {
		tail := b.tail
		b.tail = ""
		done = b.line(done, tail)
	}
	b.fence = ""
	return b.flush(done, false)
}

func (b *blocks) line(done []piece, line string) []piece {
	gap := b.blank
	if b.blank && strings.TrimSpace(line) != "" {
		b.blank = false
		if !listLine.MatchString(line) && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			done = b.flush(done, false)
		}
	}
	fence := fenceLine.FindStringSubmatch(line)
	switch {
	case b.fence != "":
		b.push(line)
		if fence != nil && strings.HasPrefix(fence[1], b.fence) && strings.TrimSpace(fence[2]) == "" {
			b.fence = ""
			return b.flush(done, false)
		}
	case fence != nil && !b.inList():
		done = b.flush(done, false)
		b.fence, b.head = fence[1], line
		b.push(line)
	case b.size > longList && b.nextItem(line):
		done = b.flush(done, !gap)
		b.push(line)
	case strings.TrimSpace(line) == "" && b.inList():
		b.blank = true
		b.push("")
	case strings.TrimSpace(line) == "":
		return b.flush(done, false)
	default:
		b.push(line)
	}
	if b.size > maxOpenBlock {
		return b.flush(done, true)
	}
	return done
}

func (b *blocks) inList() bool { return len(b.lines) > 0 && listLine.MatchString(b.lines[0]) }

// nextItem reports whether a line starts another item of the open list, not of a nested
// one.
func (b *blocks) nextItem(line string) bool {
	spaces := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	return b.inList() && listLine.MatchString(line) && spaces(line) <= spaces(b.lines[0])
}

// header returns the header of the open block if it is a table.
func (b *blocks) header() []string {
	if b.fence == "" && len(b.lines) > 2 && strings.Contains(b.lines[0], "|") && tableRule.MatchString(b.lines[1]) {
		return b.lines[:2]
	}
	return nil
}

func (b *blocks) push(line string) {
	b.lines = append(b.lines, line)
	b.size += len(line) + 1
}

// flush completes the open block. more says that the next piece continues it.
func (b *blocks) flush(done []piece, more bool) []piece {
	text := strings.TrimRight(strings.Join(b.lines, "\n"), "\n")
	if b.fence != "" {
		text += "\n" + b.fence
	}
	if strings.TrimSpace(text) != "" {
		done = append(done, piece{text, b.joined})
	}
	header := b.header()
	b.lines, b.size, b.blank, b.joined = nil, 0, false, more
	switch {
	case b.fence != "" && more:
		b.push(b.head)
	case header != nil && more:
		b.joined = false
		b.push(header[0])
		b.push(header[1])
	}
	return done
}
