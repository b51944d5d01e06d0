package main

import (
	"github.com/spf13/cobra"

	"github.com/pygent/pygent/rpc"
)

func schemaCommand(std streams) *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the protocol as JSON Schema",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text := rpc.Schema()
			if markdown {
				text = rpc.Markdown()
			}
			_, err := std.out.Write(text)
			return err
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the reference to read instead")
	return cmd
}
