package edit

// File is the decoded text of a file, with what is needed to encode it again.
type File struct {
	Text string // as in the file, with its line ends, without a byte order mark
}

// Result is a changed text.
type Result struct {
	Text      string
	Places    int      // replaced passages, or applied hunks
	Tolerated []string // what did not fit exactly, for the model
}
