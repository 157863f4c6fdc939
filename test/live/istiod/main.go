// istiod by itself: `istiod discovery FLAGS…`. The command is Istio's own; only this file, which go install cannot do without
// because Istio's module asks for versions that no proxy has, is ours.
package main

import (
	"fmt"
	"os"

	"istio.io/istio/pilot/cmd/pilot-discovery/app"
	"istio.io/istio/pkg/log"
)

func main() {
	log.EnableKlogWithCobra()
	if err := app.NewRootCommand().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
