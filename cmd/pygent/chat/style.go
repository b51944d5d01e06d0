package chat

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// The styles are attributes and the terminal's own sixteen colours.
var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Color("1"))
	green  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	cyan   = lipgloss.NewStyle().Foreground(lipgloss.Color("6"))
)

// spinner are the pictures of work that goes on.
var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// indent puts first before the first line and rest before the others.
func indent(text, first, rest string) string {
	return first + strings.ReplaceAll(text, "\n", "\n"+rest)
}

// patchLines colours a diff that is safe to print.
func patchLines(patch string) string {
	lines := strings.Split(strings.TrimRight(patch, "\n"), "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "diff "):
			lines[i] = bold.Render(line)
		case strings.HasPrefix(line, "+"):
			lines[i] = green.Render(line)
		case strings.HasPrefix(line, "-"):
			lines[i] = red.Render(line)
		case strings.HasPrefix(line, "@@"):
			lines[i] = cyan.Render(line)
		}
	}
	return strings.Join(lines, "\n")
}
