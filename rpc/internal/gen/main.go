// Command gen writes the files that are generated from the method table. go generate
// runs it in the rpc directory.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/pygent/pygent/rpc"
)

func main() {
	for name, content := range map[string][]byte{
		"protocol.md":                             rpc.Markdown(),
		"protocol.schema.json":                    rpc.Schema(),
		"../editors/vscode/src/protocol.ts":       rpc.TypeScript(),
		"../editors/nvim/lua/pygent/protocol.lua": rpc.Lua(),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
