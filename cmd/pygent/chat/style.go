package chat

import (
	"strings"

	"charm.land/bubbles/v2/textarea"
	"charm.land/lipgloss/v2"

	"github.com/pygent/pygent/cmd/pygent/chat/markdown"
)

// theme holds the styles of the parts.
type theme struct {
	bold, faint              lipgloss.Style
	red, green, yellow, cyan lipgloss.Style
	blue, magenta            lipgloss.Style
}

// newTheme uses the terminal's sixteen colours, which its user has chosen for the
// background. But few palettes have a yellow or a cyan that is readable on white, so on a
// light background it uses darker ones of the 256 colours if the terminal has them.
func newTheme(light, many bool) theme {
	pick := func(own, darker string) lipgloss.Style {
		if light && many {
			own = darker
		}
		return lipgloss.NewStyle().Foreground(lipgloss.Color(own))
	}
	return theme{
		bold: lipgloss.NewStyle().Bold(true), faint: lipgloss.NewStyle().Faint(true),
		red: pick("1", "124"), green: pick("2", "28"), yellow: pick("3", "94"),
		cyan: pick("6", "24"), blue: pick("4", "25"), magenta: pick("5", "90"),
	}
}

// markdown returns the styles of the model's text.
func (t theme) markdown() markdown.Styles {
	return markdown.Styles{
		Heading: t.cyan, Code: t.yellow, Link: t.blue, Faint: t.faint,
		Comment: t.faint, String: t.green, Number: t.magenta, Keyword: t.blue,
		Added: t.green, Removed: t.red, Location: t.cyan,
	}
}

// input returns the styles of the input.
func (t theme) input() textarea.Styles {
	styles := textarea.DefaultStyles(true)
	styles.Focused = textarea.StyleState{Prompt: t.cyan, Placeholder: t.faint}
	styles.Blurred = styles.Focused
	return styles
}

// paint styles each line alone, because a style pads several lines to the longest.
func paint(style lipgloss.Style, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = style.Render(line)
	}
	return strings.Join(lines, "\n")
}

// spinner are the pictures of the spinner.
var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// indent puts first before the first line and rest before the others.
func indent(text, first, rest string) string {
	return first + strings.ReplaceAll(text, "\n", "\n"+rest)
}

// patchLines colours a diff that is safe to print.
func (t theme) patchLines(patch string) string {
	lines := strings.Split(strings.TrimRight(patch, "\n"), "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "diff "):
			lines[i] = t.bold.Render(line)
		case strings.HasPrefix(line, "+"):
			lines[i] = t.green.Render(line)
		case strings.HasPrefix(line, "-"):
			lines[i] = t.red.Render(line)
		case strings.HasPrefix(line, "@@"):
			lines[i] = t.cyan.Render(line)
		}
	}
	return strings.Join(lines, "\n")
}
