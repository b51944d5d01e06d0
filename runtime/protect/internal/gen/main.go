// Command gen writes the list of protected paths as a document. It is run by go
// generate in the directory above.
package main

import (
	"log"
	"os"

	"github.com/pygent/pygent/runtime/protect"
)

func main() {
	if err := os.WriteFile("README.md", protect.Markdown(), 0o644); err != nil {
		log.Fatal(err)
	}
}
