// Command gen writes the files that come from the method table. It is run by
// go generate in the rpc directory.
package main

import (
	"log"
	"os"

	"github.com/pygent/pygent/rpc"
)

func main() {
	for name, content := range map[string][]byte{
		"protocol.md":          rpc.Markdown(),
		"protocol.schema.json": rpc.Schema(),
	} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
