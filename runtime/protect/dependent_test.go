package protect

import "testing"

func TestInDependencies(t *testing.T) {
	for name, want := range map[string]bool{
		"node_modules/a/.npmrc": true, "web/node_modules/.bin/x": true, "vendor/x/.envrc": true, "build/x": true,
		".venv/lib/python3/site-packages/sitecustomize.py": true, "target/debug/.gdbinit": true,
		"node_modules": false, ".envrc": false, "src/.vscode/x": false, "vendors/.envrc": false, "": false,
		".claude/vendor/hook": false, ".husky/node_modules/x": false, "node_modules/a/.husky/x": true, // what is above counts
		"Node_Modules/.envrc": false, "../vendor/x": true,
	} {
		if got := In(name).dependent; got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
