// The system of the active-active example, and what moves it to another region.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"payments-app/move"
	"payments-app/system"
)

func main() {
	code := 0
	if err := synthesise(); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		code = 1
	}
	os.Exit(code)
}

func synthesise() error {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	asked := func(name string) any { return app.Node().TryGetContext(&name) }
	mode := system.HomeRegion
	if asked("mode") != nil {
		var err error
		if mode, err = system.ModeOf(asked("mode")); err != nil {
			return err
		}
	}
	pace, err := move.PaceOf(asked("pace"))
	if err != nil {
		return err
	}
	regions, err := move.RegionsOf(mode, asked("replicas"), asked("witness"))
	if err != nil {
		return err
	}
	parts, err := system.PartsOf(asked("only"))
	if err != nil {
		return err
	}
	move.Define(app, move.ConfigOf(pace, mode, regions, parts))
	app.Synth(nil)
	return nil
}
