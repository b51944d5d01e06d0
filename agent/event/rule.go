package event

// Rule is something that the user allows for a session. Its text is the text that
// the user was shown:
//
//	edit *      all edits of files in the workspace
//	go test *   a plain command that begins with these words
//	anything else: exactly this command, byte for byte
type Rule struct {
	Tool string // the tool that runs the command; a rule for edits covers every tool
	Text string
}
