//go:build linux

package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// browserLimit bounds the whole run of the browser.
const browserLimit = 10 * time.Minute

// TestBrowser uses the page as a user does, with Chromium, the built program and a
// scripted model. The steps are in testdata/page.mjs. It writes screenshots to
// build/web.
func TestBrowser(t *testing.T) {
	for name, cure := range map[string]string{"node": "install Node.js", "chromium": "install Chromium"} {
		if _, err := exec.LookPath(name); err != nil {
			runtimetest.Missing(t, err.Error()+": "+cure+", or run make setup")
		}
	}
	if _, err := os.Stat("testdata/node_modules/playwright-core"); err != nil {
		runtimetest.Missing(t, "playwright-core is not there: run make setup")
	}
	p := newProgram(t)
	p.start(modelOf(t))
	ctx, cancel := context.WithTimeout(t.Context(), browserLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/page.mjs")
	cmd.Env = append(os.Environ(), "PAGE="+p.url, "WORKSPACE="+p.root, "STATE="+p.state, "PICTURES="+filepath.Join("..", "..", "build", "web"))
	cmd.Stderr = os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	steps := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var line struct{ Order, Name, Error, Figures string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("%v in %q", err, lines.Text())
			continue
		}
		if line.Order != "" {
			fmt.Fprintln(in, p.obey(line.Order))
			continue
		}
		steps++
		t.Run(line.Name, func(t *testing.T) {
			if line.Figures != "" {
				t.Log(line.Figures)
			}
			if line.Error != "" {
				t.Error(line.Error)
			}
		})
	}
	if err := cmd.Wait(); err != nil || steps == 0 {
		t.Errorf("the browser: %v after %d steps", err, steps)
	}
}
