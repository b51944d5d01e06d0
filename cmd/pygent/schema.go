package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/rpc"
)

func schemaCommand(std streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the protocol: JSON Schema, reference, or types for clients",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text := map[string]func() []byte{
				"json": rpc.Schema, "markdown": rpc.Markdown, "typescript": rpc.TypeScript, "lua": rpc.Lua,
			}[format]
			if text == nil {
				return &exitError{exitUsage, fmt.Errorf("--format: %q: give json, markdown, typescript or lua", format)}
			}
			_, err := std.out.Write(text())
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json (a JSON Schema), markdown (the reference), typescript or lua (types)")
	return cmd
}
