package runtime

// Kinds of a Change.
const (
	ChangeAdded    = "added"
	ChangeModified = "modified"
	ChangeDeleted  = "deleted"
	ChangeRenamed  = "renamed"
)

// Change is one file that was changed.
type Change struct {
	Path    string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Change  string `json:"change" jsonschema:"added, modified, deleted or renamed"`
	From    string `json:"from,omitempty" jsonschema:"renamed: the old path"`
	Added   int    `json:"added" jsonschema:"lines"`
	Removed int    `json:"removed" jsonschema:"lines"`

	Protected bool `json:"protected,omitempty" jsonschema:"a program of the user runs this file or what it names: see the list of protected paths"`
}
