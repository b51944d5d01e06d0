package snapshot

// wellKnown returns why a directory outside of any git tree is left out, or "". Such
// directories can be made again and are often larger than all other files.
func wellKnown(name string) string {
	switch name {
	case "node_modules", ".venv", "venv", "target", "__pycache__", ".tox", ".gradle":
		return "such directories are left out where there is no git to say otherwise"
	}
	return ""
}
