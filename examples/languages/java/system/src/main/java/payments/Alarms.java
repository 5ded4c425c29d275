package payments;

import java.util.List;
import java.util.Map;
import software.amazon.awscdk.ArnComponents;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudwatch.AlarmBase;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.sns.ITopic;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.sns.subscriptions.EmailSubscription;
import software.constructs.IConstruct;

/** Where alarms go: a topic in each region, which every alarm tells. */
final class Alarms {
  private Alarms() {}

  private static String topicName(final Config config) {
    return config.systemName() + "-alarms";
  }

  /** The topic of one region's alarms. It has no subscription until {@code alarms.email} is given, or a person subscribes a pager. */
  static void defineTopic(final Stack stack, final Config config) {
    Topic topic = Topic.Builder.create(stack, "Topic").topicName(topicName(config)).enforceSsl(true).build();
    // A topic that enforces TLS has a policy, and admits only whom it names.
    topic.addToResourcePolicy(PolicyStatement.Builder.create()
        .principals(List.of(new ServicePrincipal("cloudwatch.amazonaws.com")))
        .actions(List.of("sns:Publish"))
        .resources(List.of(topic.getTopicArn()))
        .conditions(Map.of("StringEquals", Map.of("aws:SourceAccount", stack.getAccount())))
        .build());
    if (config.alarms().email() != null) {
      topic.addSubscription(new EmailSubscription(config.alarms().email()));
    }
    CfnOutput.Builder.create(stack, "AlarmTopic")
        .description("Every alarm of this region is sent here")
        .value(topic.getTopicArn())
        .build();
  }

  /** The topic of a stack's region. It is known by its name: the stack refers to no other one. */
  static ITopic of(final Stack stack, final Config config) {
    if (stack.getNode().tryFindChild("AlarmTopic") instanceof ITopic known) {
      return known;
    }
    String named = stack.formatArn(ArnComponents.builder().service("sns").resource(topicName(config)).build());
    String topicArn = config.alarms().topicArns().getOrDefault(stack.getRegion(), named);
    return Topic.fromTopicArn(stack, "AlarmTopic", topicArn);
  }

  /** Lets every alarm of a stack tell the topic of its region, also an alarm that is composed of others. */
  static void send(final Stack stack, final Config config) {
    SnsAction action = new SnsAction(of(stack, config));
    for (IConstruct construct : stack.getNode().findAll()) {
      if (construct instanceof AlarmBase alarm) {
        alarm.addAlarmAction(action);
      }
    }
  }
}
