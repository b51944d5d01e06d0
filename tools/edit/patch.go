package edit

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// Op is what a patch does to a file.
type Op string

// The operations of a patch.
const (
	Add    Op = "add"
	Update Op = "update" // changes lines, moves, sets the mode, or several of these
	Delete Op = "delete"
)

// FileChange is what a patch does to one file.
type FileChange struct {
	Op      Op
	Path    string       // from the workspace's root, with slashes
	MoveTo  string       // Update: the new path, "" to stay
	Mode    *fs.FileMode // Add and Update: 0o755 or 0o644; nil keeps the mode, or means the usual one
	Content string       // Add: the text of the new file

	hunks []hunk
}

// hunk is a change of neighbouring lines.
type hunk struct {
	lines   []hunkLine
	header  string   // what stood behind @@, for errors
	anchors []string // lines that stand before it, from the outermost on

	numbered           bool
	oldStart, oldCount int
	newCount           int

	atEnd       bool // `*** End of File`
	oldOpen     bool // its last old line, or new line, is the file's and has no line end
	newOpen     bool
	looseBlanks int // empty lines at its end that may only separate it from what follows
	line        int // of the patch, from 1
}

// hunkLine is a line of a hunk: its kind is ' ', '-' or '+'.
type hunkLine struct {
	kind byte
	text string // without line end
}

// Parse reads a patch in the `*** Begin Patch` format, or unified diffs. It returns
// the files in the order of the patch, each path once. Errors are for the model.
//
// A code fence or a heredoc around the patch is taken off. Of a unified diff, the
// numbers and counts of hunks are only hints.
func Parse(text string) ([]FileChange, error) {
	lines, first := unwrap(text)
	var changes []FileChange
	var err error
	switch {
	case len(lines) == 0:
		return nil, errors.New("the patch is empty")
	case isMarked(lines):
		changes, err = parseMarked(lines, first)
	default:
		changes, err = parseUnified(lines, first)
	}
	if err != nil {
		return nil, err
	}
	return changes, check(changes)
}

// isMarked reports whether a patch is in the `*** Begin Patch` format.
func isMarked(lines []string) bool {
	first := strings.TrimSpace(lines[0])
	return first == beginPatch || markedHeader.MatchString(first)
}

var (
	fence   = regexp.MustCompile("^\\s*(```+|~~~+)\\s*[A-Za-z0-9_-]*\\s*$")
	heredoc = regexp.MustCompile(`^\s*(?:(?:apply_patch|applypatch|cat|patch -p1|git apply)\s+)?<<-?\s*(?:'(\w+)'|"(\w+)"|\\?(\w+))\s*$`)
)

// unwrap returns the lines of a patch without line ends and without blank lines,
// code fence and heredoc around it, and the number of the first.
func unwrap(text string) ([]string, int) {
	lines := strings.Split(strings.TrimPrefix(text, bomRune), "\n")
	all := endsOf(strings.TrimSpace(text)).all("\r\n")
	for i, line := range lines {
		if all || !strings.HasPrefix(line, "+") { // a new file may have CRLF by intention
			lines[i] = strings.TrimSuffix(line, "\r")
		}
	}
	first := 1
	for {
		for len(lines) > 0 && isBlank(lines[0]) {
			lines, first = lines[1:], first+1
		}
		if len(lines) == 0 {
			return nil, first
		}
		var closing string
		if found := fence.FindStringSubmatch(lines[0]); found != nil {
			closing = found[1]
		} else if found := heredoc.FindStringSubmatch(lines[0]); found != nil {
			closing = found[1] + found[2] + found[3]
		} else {
			return trimBlankEnd(lines), first
		}
		lines, first = lines[1:], first+1
		if end := trimBlankEnd(lines); len(end) > 0 && strings.TrimSpace(end[len(end)-1]) == closing {
			lines = end[:len(end)-1]
		}
	}
}

// trimBlankEnd cuts the empty lines at the end. A line of one space is context.
func trimBlankEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// check refuses what no patch may do, whichever its format.
func check(changes []FileChange) error {
	if len(changes) == 0 {
		return errors.New("the patch changes no file")
	}
	seen := map[string]bool{}
	for i := range changes {
		c := &changes[i]
		paths := []*string{&c.Path}
		if c.MoveTo != "" {
			paths = append(paths, &c.MoveTo)
		}
		for _, p := range paths {
			clean, err := cleanPath(*p)
			if err != nil {
				return err
			}
			if *p = clean; seen[clean] {
				return fmt.Errorf("the patch has the path %q twice: put all changes of a file into one section", clean)
			}
			seen[clean] = true
		}
		if c.Op == Update && len(c.hunks) == 0 && c.MoveTo == "" && c.Mode == nil {
			return fmt.Errorf("the patch changes nothing in %s: it has no hunk for it", c.Path)
		}
	}
	return nil
}

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// cleanPath checks a path of a patch.
func cleanPath(name string) (string, error) {
	slashed := strings.ReplaceAll(name, `\`, "/")
	switch {
	case strings.TrimSpace(name) == "":
		return "", errors.New("the patch has an empty path")
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", fmt.Errorf("the path %q has a control character", shortened(name))
	case strings.HasPrefix(slashed, "/"), drive.MatchString(name):
		return "", fmt.Errorf("the path %q is absolute: give it from the workspace's root", shortened(name))
	case strings.Contains("/"+slashed+"/", "/../"):
		return "", fmt.Errorf("the path %q has `..`: give it from the workspace's root", shortened(name))
	}
	clean := path.Clean(name)
	if clean == "." {
		return "", fmt.Errorf("the path %q is the workspace's root", name)
	}
	return clean, nil
}

// mixed refuses a patch with parts of both formats.
func mixed(line int, text string) error {
	return fmt.Errorf("line %d of the patch: %q belongs to the other patch format: use either `*** Begin Patch` or unified diffs", line, shortened(text))
}
