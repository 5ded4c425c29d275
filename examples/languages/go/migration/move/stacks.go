package move

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	payments "github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments"

	"payments-app/system"
)

// The cutover names alarms of both regions, so they have names of their own.
func watchName(systemName string) string { return systemName + "-watch" }

func deadLettersName(systemName string) string { return systemName + "-dead-letters" }

// The dashboards find the gate by its name.
func gateName(systemName string) string { return systemName + "-approvals" }

// Define makes the system's stacks, in either mode, and the one that moves it.
func Define(app constructs.Construct, config Config) {
	name := config.System.SystemName
	regions := system.Define(app, config.System, system.Beside{
		Cutover: &payments.DashboardCutover{Region: &config.Target},
		Approvals: &[]*payments.DashboardApprovals{{
			GateName:         jsii.String(gateName(name)),
			Region:           &config.Target,
			StateMachineName: jsii.String(name + "-cutover"),
		}},
	})
	for _, region := range regions {
		defineWatch(region, name)
	}
	cutover := defineCutoverStack(app, name+"-cutover", config)
	// The regions say where they are; the records are made of that.
	for _, region := range regions {
		cutover.AddStackDependency(region.Stack, nil)
	}
}

// The alarms of a region that the cutover goes by.
func defineWatch(region system.RegionStack, systemName string) {
	rules := []awscloudwatch.IAlarmRule{}
	for _, alarm := range *region.Api.Alarms() {
		rules = append(rules, awscloudwatch.AlarmRule_FromAlarm(alarm, awscloudwatch.AlarmState_ALARM))
	}
	awscloudwatch.NewCompositeAlarm(region.Stack, jsii.String("Watch"), &awscloudwatch.CompositeAlarmProps{
		CompositeAlarmName: jsii.String(watchName(systemName)),
		AlarmDescription: jsii.String(fmt.Sprintf(
			"%s in %s: one of the API's alarms is raised. A cutover that is watching rolls back.", systemName, region.Region)),
		AlarmRule: awscloudwatch.AlarmRule_AnyOf(rules...),
	})
	awscloudwatch.NewAlarm(region.Stack, jsii.String("DeadLetters"), &awscloudwatch.AlarmProps{
		AlarmName: jsii.String(deadLettersName(systemName)),
		AlarmDescription: jsii.String(fmt.Sprintf(
			"%s in %s: events wait in the dead-letter queue. A cutover does not begin its next phase.", systemName, region.Region)),
		Metric: region.Mesh.DeadLetterQueue().MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{
			Statistic: jsii.String("max"),
			Period:    minutes(1),
		}),
		Threshold:          jsii.Number(1),
		EvaluationPeriods:  jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}

// Who is asked, and what moves. In the target: a dying source must not take its own migration along.
func defineCutoverStack(app constructs.Construct, id string, config Config) awscdk.Stack {
	stack := system.NewStack(app, id, config.System, config.Target)
	onCall := defineOnCall(stack, config.System.SystemName)
	if config.System.Alarms.Email != "" {
		onCall.AddSubscription(awssnssubscriptions.NewEmailSubscription(&config.System.Alarms.Email, nil))
	}
	gate := defineGate(stack, config, onCall)
	cutover := defineCutover(stack, config, gate, onCall)
	payments.NewStuckApprovalAlarm(stack, jsii.String("Stuck"), &payments.StuckApprovalAlarmProps{
		StateMachine:    cutover.StateMachine(),
		Threshold:       config.Times.StuckAfter,
		Interval:        config.Times.StuckCheckEvery,
		ReminderTopic:   gate.Topic(),
		EscalationTopic: onCall,
	})
	return stack
}

// Where alarms are sent.
func defineOnCall(stack awscdk.Stack, systemName string) awssns.Topic {
	topic := awssns.NewTopic(stack, jsii.String("OnCall"), &awssns.TopicProps{
		DisplayName: jsii.String(systemName + "-on-call"),
		EnforceSSL:  jsii.Bool(true),
	})
	// SnsAction does not: a topic that enforces TLS has a policy, and admits only whom it names.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	}))
	return topic
}

// Who is asked, how, and for how long.
func defineGate(stack awscdk.Stack, config Config, onCall awssns.Topic) payments.ApprovalGate {
	approvers, times := config.Approvers, config.Times
	return payments.NewApprovalGate(stack, jsii.String("Gate"), &payments.ApprovalGateProps{
		GateName: jsii.String(gateName(config.System.SystemName)),
		Identity: payments.ApproverIdentity_Oidc(&payments.OidcApproversProps{
			Issuer:   &approvers.Issuer,
			ClientId: &approvers.ClientId,
		}),
		Approvers:         jsii.Strings(approvers.People...),
		Emails:            jsii.Strings(approvers.People...),
		RequiredApprovals: &approvers.Required,
		Expiry:            times.Approval,
		ReminderEvery:     times.ReminderEvery,
		EscalateAfter:     times.EscalateAfter,
		EscalationTopic:   onCall,
		// The account's role for logs was made with the region's API.
		AccountLogRole: jsii.Bool(false),
	})
}

func defineCutover(stack awscdk.Stack, config Config, gate payments.ApprovalGate, onCall awssns.Topic) payments.PhasedCutoverStateMachine {
	name, times := config.System.SystemName, config.Times
	phases := []*payments.CutoverPhase{}
	for _, percent := range config.Phases {
		phases = append(phases, &payments.CutoverPhase{TargetPercent: jsii.Number(percent), Soak: times.Soak})
	}
	alarms := []*payments.CutoverAlarm{}
	for _, region := range []string{config.Source, config.Target} {
		alarms = append(alarms, &payments.CutoverAlarm{Region: jsii.String(region), AlarmName: jsii.String(watchName(name))})
	}
	return payments.NewPhasedCutoverStateMachine(stack, jsii.String("Cutover"), &payments.PhasedCutoverStateMachineProps{
		SystemName: &name,
		Regions:    config.System.Regions,
		Source:     &config.Source,
		Target:     &config.Target,
		Gate:       gate,
		// Each may start it, and then not approve it.
		Starters:         jsii.Strings(config.Approvers.People...),
		HostedZone:       system.Zone(stack, config.System.Domain),
		PublicName:       &config.System.Domain.Name,
		RecordTtl:        times.RecordTtl,
		Phases:           &phases,
		SoakCheckEvery:   times.SoakCheckEvery,
		Alarms:           &alarms,
		Checks:           checksOf(config),
		ControlPlaneLoss: &times.ControlPlaneLoss,
		Reconciliation:   &times.Reconciliation,
		EndSourceRole:    jsii.Bool(true),
		AlarmActions:     &[]awscloudwatch.IAlarmAction{awscloudwatchactions.NewSnsAction(onCall)},
	})
}

// What must be so before a phase begins.
func checksOf(config Config) *payments.CutoverChecks {
	name, times := config.System.SystemName, config.Times
	queues := []*payments.CutoverQueue{}
	for _, region := range []string{config.Source, config.Target} {
		queues = append(queues, &payments.CutoverQueue{
			Region:     jsii.String(region),
			QueueName:  jsii.String(name + "-events-dlq"),
			AlarmNames: jsii.Strings(deadLettersName(name)),
		})
	}
	checks := &payments.CutoverChecks{
		TtlLead:               times.TtlLead,
		ReplicationLag:        times.Lag,
		ReplicationLagMinutes: &times.LagMinutes,
		EventProbe:            seconds(10),
		DeadLetterQueues:      &queues,
	}
	// Without documents a person attests that there is nothing to copy.
	if config.System.Parts.Documents {
		checks.DocumentsParityAge = times.DocumentsParityAge
	}
	return checks
}
