package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"payments-app/system"
)

var config system.Config
var app awscdk.App

func TestMain(m *testing.M) {
	config = system.Standard()
	app = awscdk.NewApp(&awscdk.AppProps{Context: featureFlags()})
	system.Define(app, config, system.Beside{})
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

// The template of one of the app's stacks, by the end of its name.
func templateOf(name string) assertions.Template {
	stack := app.Node().FindChild(jsii.String(config.SystemName + "-" + name)).(awscdk.Stack)
	return assertions.Template_FromStack(stack, nil)
}

func eachRegion(t *testing.T, test func(template assertions.Template)) {
	for _, region := range system.Names(config.Regions.Replicas()) {
		t.Run(region, func(t *testing.T) { test(templateOf(region)) })
	}
}

func TestTheLedgerHasAReplicaInEveryRegionAndNoneIsDeletedByMistake(t *testing.T) {
	replicas := []any{}
	for _, region := range system.Names(config.Regions.Replicas()) {
		replicas = append(replicas, assertions.Match_ObjectLike(&map[string]any{"Region": region, "DeletionProtectionEnabled": true}))
	}
	templateOf("ledger").HasResource(jsii.String("AWS::DynamoDB::GlobalTable"), map[string]any{
		"DeletionPolicy": "Retain",
		"Properties":     map[string]any{"Replicas": assertions.Match_ArrayWith(&replicas)},
	})
}

func TestARegionAnswersAtThePublicNameAndItsTokensAreThoseOfOurIssuer(t *testing.T) {
	eachRegion(t, func(template assertions.Template) {
		template.HasResourceProperties(jsii.String("AWS::ApiGateway::DomainName"), map[string]any{"DomainName": config.Domain.Name})
		template.HasResourceProperties(jsii.String("AWS::Lambda::Function"), map[string]any{"Environment": map[string]any{
			"Variables": assertions.Match_ObjectLike(&map[string]any{"AUTHORIZER_ISSUER": config.Callers.Issuer}),
		}})
	})
}

func TestARegionRecordsEachEventOnce(t *testing.T) {
	eachRegion(t, func(template assertions.Template) {
		template.HasResourceProperties(jsii.String("AWS::DynamoDB::Table"), map[string]any{"TableName": config.SystemName + "-recorder-effects"})
		template.HasResourceProperties(jsii.String("AWS::Lambda::Function"), map[string]any{"Environment": map[string]any{
			"Variables": assertions.Match_ObjectLike(&map[string]any{
				"EFFECTS_TABLE": assertions.Match_AnyValue(), "CONSUMER_INBOX_TABLE": assertions.Match_AnyValue(),
			}),
		}})
	})
}

func TestARegionHasAlarmsThatLeadToTheRunbook(t *testing.T) {
	eachRegion(t, func(template assertions.Template) {
		template.HasResourceProperties(jsii.String("AWS::CloudWatch::Alarm"), map[string]any{
			"AlarmDescription": assertions.Match_StringLikeRegexp(jsii.String(`runbook\.md#`)),
		})
	})
}

func TestWrongContextIsRefusedWithWhatIsAllowed(t *testing.T) {
	_, mode := system.ModeOf("home")
	_, replicas := system.RegionsOf(system.Strong, "us-east-1,", nil, nil)
	_, witness := system.RegionsOf(system.HomeRegion, nil, "us-east-2", nil)
	for reason, err := range map[string]error{
		"give STRONG or HOME_REGION":          mode,
		"give names of regions":               replicas,
		"in mode HOME_REGION, which has none": witness,
	} {
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("expected %q, got %v", reason, err)
		}
	}
}
