// An active-active payments API in two regions.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

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
	mode, err := system.ModeOf(asked("mode"))
	if err != nil {
		return err
	}
	transport, err := system.TransportOf(asked("transport"))
	if err != nil {
		return err
	}
	regions, err := system.RegionsOf(mode, asked("replicas"), asked("witness"), asked("authority"))
	if err != nil {
		return err
	}
	parts, err := system.PartsOf(asked("only"))
	if err != nil {
		return err
	}
	faults, err := system.FaultsOf(asked("faults"))
	if err != nil {
		return err
	}
	if parts, err = parts.WithFaults(faults); err != nil {
		return err
	}
	system.Define(app, system.ConfigOf(mode, transport, regions, parts), system.Beside{})
	app.Synth(nil)
	return nil
}
