package system

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// A stack and where it is.
type placed struct {
	stack  awscdk.Stack
	region string
}

func alarmTopicName(config Config) *string { return jsii.String(config.SystemName + "-alarms") }

// A topic in each region that has alarms, and each alarm to it.
func sendAllAlarms(app constructs.Construct, config Config, alarmed []placed) {
	topics := map[string]awscdk.Stack{}
	for _, each := range alarmed {
		sendAlarms(each, config)
		if _, isOwn := config.Alarms.TopicArns[each.region]; isOwn {
			continue
		}
		if topics[each.region] == nil {
			topics[each.region] = NewStack(app, config.SystemName+"-alarms-"+each.region, config, each.region)
			defineAlarmTopic(topics[each.region], config)
		}
		each.stack.AddStackDependency(topics[each.region], nil)
	}
}

// The topic of one region's alarms. It has no subscription until Alarms.Email is given, or a person subscribes a pager.
func defineAlarmTopic(stack awscdk.Stack, config Config) {
	topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{
		TopicName:  alarmTopicName(config),
		EnforceSSL: jsii.Bool(true),
	})
	// A topic that enforces TLS has a policy, and admits only whom it names.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	}))
	if config.Alarms.Email != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&config.Alarms.Email, nil))
	}
	awscdk.NewCfnOutput(stack, jsii.String("AlarmTopic"), &awscdk.CfnOutputProps{
		Description: jsii.String("Every alarm of this region is sent here"),
		Value:       topic.TopicArn(),
	})
}

// The topic of a stack's region. It is known by its name: the stack refers to no other one.
func alarmTopic(to placed, config Config) awssns.ITopic {
	if known := to.stack.Node().TryFindChild(jsii.String("AlarmTopic")); known != nil {
		return known.(awssns.ITopic)
	}
	topicArn := to.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sns"), Resource: alarmTopicName(config)})
	if own, isOwn := config.Alarms.TopicArns[to.region]; isOwn {
		topicArn = &own
	}
	return awssns.Topic_FromTopicArn(to.stack, jsii.String("AlarmTopic"), topicArn)
}

// Lets every alarm of a stack tell the topic of its region, also an alarm that is composed of others.
func sendAlarms(to placed, config Config) {
	action := awscloudwatchactions.NewSnsAction(alarmTopic(to, config))
	for _, construct := range *to.stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if alarm, isAlarm := construct.(awscloudwatch.AlarmBase); isAlarm {
			alarm.AddAlarmAction(action)
		}
	}
}
