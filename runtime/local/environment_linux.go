package local

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// platform lists variables that programs need on this system.
func platform() []string { return nil }

// confinedEnv adapts the environment to a sandbox: where homes and temporary
// files are, and where the language tools have what they need.
func confinedEnv(env []string, level string, h *home) []string {
	env = slices.DeleteFunc(env, func(kv string) bool {
		return strings.HasPrefix(kv, "HOME=") || strings.HasPrefix(kv, "TMPDIR=")
	})
	for _, key := range toolchainVars {
		if value := os.Getenv(key); value != "" {
			env = append(env, key+"="+value)
		}
	}
	real, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(real) || filepath.Clean(real) == "/" {
		real = "/home/pygent"
	}
	if level == "strong" {
		return append(env, "HOME="+real)
	}
	// The home is another directory here, where tools would look for their own
	// files.
	for key, dir := range map[string]string{
		"GOMODCACHE": "go/pkg/mod", "RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo", "PYENV_ROOT": ".pyenv",
		"NVM_DIR": ".nvm", "SDKMAN_DIR": ".sdkman", "RBENV_ROOT": ".rbenv",
	} {
		path := filepath.Join(real, dir)
		if _, err := os.Stat(path); err == nil && os.Getenv(key) == "" {
			env = append(env, key+"="+path)
		}
	}
	return append(env, "HOME="+h.dir, "TMPDIR="+h.tmp)
}
