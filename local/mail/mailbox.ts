import type { FabricResource, Mail } from '../ground/model';
import type { FabricService, ServiceCall } from '../services/services';

const mostKept = 500;

/** What topics would send by e-mail: one entry for each message, to everybody who has subscribed with an address. */
export class Mailbox implements FabricService {
  private readonly kept: Mail[] = [];
  private addresses = new Map<string, string[]>();

  /** Subscriptions of the templates. Nobody has to confirm one here. */
  public useTemplates(resources: readonly FabricResource[]): void {
    this.addresses = new Map();
    for (const { type, properties } of resources) {
      if (type !== 'AWS::SNS::Subscription' || !/^email(-json)?$/.test(String(properties.Protocol))) continue;
      const topic = String(properties.TopicArn);
      this.addresses.set(topic, [...(this.addresses.get(topic) ?? []), String(properties.Endpoint)]);
    }
  }

  /** The emulator takes every message itself. */
  public route(): undefined {
    return undefined;
  }

  public took({ body }: ServiceCall): void {
    const input = new URLSearchParams(body.toString());
    if (input.get('Action') === 'Publish') {
      this.sent(input.get('TopicArn') ?? '', input.get('Subject') ?? 'AWS Notification Message', input.get('Message') ?? '');
    }
  }

  /** A message to a topic. */
  public sent(topicArn: string, subject: string, body: string): void {
    const to = this.addresses.get(topicArn);
    if (!to) return;
    this.kept.push({ at: new Date().toISOString(), to, subject, body, links: body.match(/https?:\/\/[^\s<>"']+/g) ?? [] });
    if (this.kept.length > mostKept) this.kept.shift();
  }

  public all(): readonly Mail[] {
    return this.kept;
  }
}
