package runtimetest

import (
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// treeCases are about the processes that a command leaves behind. None may
// outlive it, no matter how it was started and how the command ended.
var treeCases = []testCase{
	{"BackgroundChildDiesWithTheCommand", func(t *testing.T, rt *runtime.Runtime) {
		diesAtExit(t, rt, "bg", "("+beating("bg")+") &")
	}},
	{"SilentBackgroundChildDiesToo", func(t *testing.T, rt *runtime.Runtime) {
		diesAtExit(t, rt, "silent", "("+beating("silent")+") >/dev/null 2>&1 &")
	}},
	{"DaemonDiesWithTheCommand", func(t *testing.T, rt *runtime.Runtime) {
		diesAtExit(t, rt, "daemon", "(setsid sh -c '"+beating("daemon")+"' &)")
	}},
	{"DaemonWithoutEnvironmentDiesToo", func(t *testing.T, rt *runtime.Runtime) {
		diesAtExit(t, rt, "bare", `(env -i PATH="$PATH" setsid sh -c '`+beating("bare")+"' >/dev/null 2>&1 &)")
	}},
	{"NestedDaemonsDieToo", func(t *testing.T, rt *runtime.Runtime) {
		diesAtExit(t, rt, "nested", "(setsid sh -c 'setsid sh -c \""+beating("nested")+"\" & sleep 100' &)")
	}},
	{"DaemonThatIgnoresSignalsDiesToo", func(t *testing.T, rt *runtime.Runtime) {
		diesAtExit(t, rt, "deaf", "(trap '' HUP INT TERM; setsid sh -c '"+beating("deaf")+"' &)")
	}},
	{"TimeoutKillsGrandchildThatHoldsTheOutput", func(t *testing.T, rt *runtime.Runtime) {
		begin := time.Now()
		cmd := "(setsid sh -c '" + beating("held") + "' &); " + beating("front")
		res := rt.Bash(t.Context(), cmd, runtime.BashOptions{Timeout: 2 * time.Second})
		took(t, begin, 2*time.Second+backWithin+slack)
		if !res.TimedOut || !strings.HasSuffix(res.Text, "[timeout after 2s]") {
			t.Errorf("timedOut %t:\n%s", res.TimedOut, res.Text)
		}
		mustBeDead(t, rt, "held")
		mustBeDead(t, rt, "front")
	}},
}

// diesAtExit starts a background loop that appends to file, lets the command
// end by itself, and checks that the command returned at once and that the loop
// has ended.
func diesAtExit(t *testing.T, rt *runtime.Runtime, file, background string) {
	t.Helper()
	res := bash(t, rt, background+"\nwhile [ ! -s "+file+" ]; do sleep 0.1; done; exit 4")
	if *res.ExitCode != 4 {
		t.Errorf("exit code %d:\n%s", *res.ExitCode, res.Text)
	}
	if res.DurationSeconds > 10 {
		t.Errorf("came back after %.1f s", res.DurationSeconds)
	}
	mustBeDead(t, rt, file)
}
