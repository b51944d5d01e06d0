package local

import (
	"os"
	"strings"
)

// passed lists the variables that a command gets from the server's environment,
// besides those that begin with LC_. Secrets are excluded because they are not
// listed.
var passed = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"}

// environment returns the part of the server's environment that commands get.
func environment() []string {
	env := make([]string, 0, len(passed)+8)
	for _, key := range passed {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "LC_") {
			env = append(env, kv)
		}
	}
	return append(append(env, platform()...), "TERM=dumb")
}
