package edit

import "strings"

// Whole returns content as it replaces the whole text of old: with CRLF where
// every line of old ends with it. Notes say, for the model, what of old is kept
// although content does not have it: line ends, byte order mark, encoding. Encode
// then adds the latter two, or fails.
func Whole(old File, content string) (text string, notes []string) {
	text = content
	if old.bom {
		text = strings.TrimPrefix(text, bomRune)
	}
	if endsOf(old.Text).all("\r\n") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		if text != content {
			notes = append(notes, "kept the file's CRLF line ends")
		}
	}
	if old.encoding != plainUTF8 {
		return text, append(notes, "kept the file's encoding, "+old.Encoding())
	}
	if old.bom {
		notes = append(notes, "kept the file's byte order mark (BOM)")
	}
	return text, notes
}
