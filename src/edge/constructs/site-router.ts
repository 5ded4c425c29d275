import { Function, FunctionCode, FunctionRuntime } from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import { siteIndex } from '../contract';

/**
 * CloudFront runs it at each request for the site: a path whose last part has no dot is one of the app's own, and gets the index. What is
 * below `/.well-known/` is asked for by machines, and stays. Error pages could do the same, but they are one list for the whole
 * distribution: a 404 of the API would become a page.
 */
const code = `function handler(event) {
  const request = event.request;
  const last = request.uri.slice(request.uri.lastIndexOf('/') + 1);
  if (!last.includes('.') && !request.uri.startsWith('/.well-known/')) request.uri = '/${siteIndex}';
  return request;
}
`;

/** The site's single-page routing. */
export class SiteRouter extends Function {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      code: FunctionCode.fromInline(code),
      runtime: FunctionRuntime.JS_2_0,
      comment: 'Leads paths of the single-page app to its index',
    });
  }
}
