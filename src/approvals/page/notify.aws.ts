import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { messageText } from './message.domain';
import { Notify } from '../ports';

export interface TopicSettings {
  readonly baseUrl: string;
  readonly topicArn: string;
  /** Where escalations go besides. */
  readonly escalationTopicArn: string;
}

/** Tells people by SNS. */
export function snsNotify(client: SNSClient, { baseUrl, topicArn, escalationTopicArn }: TopicSettings): Notify {
  return async (message, view) => {
    const { subject, body } = messageText(message, view, baseUrl, Date.now());
    const topics = message === 'escalation' ? new Set([escalationTopicArn, topicArn]) : [topicArn];
    for (const TopicArn of topics) await client.send(new PublishCommand({ TopicArn, Subject: subject, Message: body }));
  };
}
