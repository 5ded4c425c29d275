package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"payments-app/move"
)

var config move.Config
var app awscdk.App

func TestMain(m *testing.M) {
	config = move.Standard()
	app = awscdk.NewApp(&awscdk.AppProps{Context: featureFlags()})
	move.Define(app, config)
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// Those of cdk.json; the recorder's function is not bundled, since its code does not matter here.
func featureFlags() *map[string]any {
	text, err := os.ReadFile("cdk.json")
	if err != nil {
		panic(err)
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(text, &settings); err != nil {
		panic(err)
	}
	settings.Context["aws:cdk:bundling-stacks"] = []string{}
	return &settings.Context
}

func stackOf(name string) awscdk.Stack {
	return app.Node().FindChild(jsii.String(config.System.SystemName + "-" + name)).(awscdk.Stack)
}

// The template of one of the app's stacks, by the end of its name.
func templateOf(name string) assertions.Template {
	return assertions.Template_FromStack(stackOf(name), nil)
}

func eachPlace(t *testing.T, test func(template assertions.Template)) {
	for _, region := range []string{config.Source, config.Target} {
		t.Run(region, func(t *testing.T) { test(templateOf(region)) })
	}
}

func TestTheCutoverStandsInTheTargetADyingSourceMustNotTakeItAlong(t *testing.T) {
	if region := *stackOf("cutover").Region(); region != config.Target {
		t.Errorf("the cutover is in %s", region)
	}
	templateOf("cutover").HasResourceProperties(jsii.String("AWS::StepFunctions::StateMachine"), map[string]any{
		"StateMachineName": config.System.SystemName + "-cutover",
	})
}

func TestNoPhaseBeginsBeforeTheDocumentsAreTheSameInBothRegions(t *testing.T) {
	machines, err := json.Marshal(templateOf("cutover").FindResources(jsii.String("AWS::StepFunctions::StateMachine"), nil))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(string(machines), `\`, ""), `"documentsSeconds":86400`) {
		t.Errorf("no check of the documents in %s", machines)
	}
}

func TestEachApproverIsAskedByMail(t *testing.T) {
	for _, person := range config.Approvers.People {
		templateOf("cutover").HasResourceProperties(jsii.String("AWS::SNS::Subscription"), map[string]any{
			"Protocol": "email",
			"Endpoint": person,
		})
	}
}

func TestARegionHasNoRecordOfItsOwnTheCutoverOwnsTheWeights(t *testing.T) {
	eachPlace(t, func(template assertions.Template) {
		template.ResourceCountIs(jsii.String("AWS::Route53::RecordSet"), jsii.Number(0))
	})
}

func TestARegionHasTheAlarmThatACutoverRollsBackBy(t *testing.T) {
	eachPlace(t, func(template assertions.Template) {
		template.HasResourceProperties(jsii.String("AWS::CloudWatch::CompositeAlarm"), map[string]any{
			"AlarmName": config.System.SystemName + "-watch",
		})
	})
}

func TestTheLedgerHasAReplicaInBothPlacesAndNoneIsDeletedByMistake(t *testing.T) {
	replicas := []any{}
	for _, region := range []string{config.Source, config.Target} {
		replicas = append(replicas, assertions.Match_ObjectLike(&map[string]any{"Region": region, "DeletionProtectionEnabled": true}))
	}
	templateOf("ledger").HasResource(jsii.String("AWS::DynamoDB::GlobalTable"), map[string]any{
		"DeletionPolicy": "Retain",
		"Properties":     map[string]any{"Replicas": assertions.Match_ArrayWith(&replicas)},
	})
}

func TestWrongContextIsRefusedWithWhatIsAllowed(t *testing.T) {
	if _, err := move.PaceOf("fast"); err == nil || !strings.Contains(err.Error(), "give FULL or REHEARSAL") {
		t.Errorf("the error is %v", err)
	}
}
