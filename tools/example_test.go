package tools_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pygent/pygent/tools"
)

// A custom tool is a function and the struct of its arguments, from which the
// model's schema comes.
func ExampleNew() {
	type in struct {
		Name string `json:"name" jsonschema:"who to greet"`
	}
	hello := tools.New("hello", "Greet the user.", func(_ context.Context, _ tools.Env, in in) (tools.Result, error) {
		return tools.Text("Hello %s!", in.Name), nil
	})

	registry, err := tools.NewRegistry(tools.Bash(), hello)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	for _, arguments := range []string{`{"name":"Ada"}`, `{"nam":"Ada"}`} {
		fmt.Println(registry.Call(context.Background(), tools.Env{}, "hello", arguments).Text)
	}
	// Output:
	// Hello Ada!
	// [error] hello: unknown argument "nam"; it takes name (string)
}
