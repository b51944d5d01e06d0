package chat

import (
	"image/color"
	goruntime "runtime"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

func TestFits(t *testing.T) {
	for environ, want := range map[string]bool{
		"TERM=xterm": true, "TERM=xterm NO_COLOR=": true, "TERM=xterm NO_COLOR=1": false,
		"TERM=dumb": false, "TERM=": goruntime.GOOS == "windows", "": goruntime.GOOS == "windows",
	} {
		if got := Fits(strings.Fields(environ)); got != want {
			t.Errorf("%q: %v", environ, got)
		}
	}
}

func TestColoursFollowTheBackground(t *testing.T) {
	m := offline(t)
	code := func() string { return m.script.markdown("`a`", false) }
	own := code()
	m.Update(tea.BackgroundColorMsg{Color: color.White})
	if got := code(); got != own {
		t.Errorf("a terminal of sixteen colours gets %q, want %q", got, own)
	}
	m.Update(tea.ColorProfileMsg{Profile: colorprofile.ANSI256})
	if got := code(); !strings.Contains(got, "38;5;94") {
		t.Errorf("yellow on white: %q", got)
	}
	m.Update(tea.BackgroundColorMsg{Color: color.Black})
	if got := code(); got != own {
		t.Errorf("on black %q, want %q", got, own)
	}
}
