/** Says which application calls, as the SDK does. */
export function userAgent(): string {
  const appId = process.env.AWS_SDK_UA_APP_ID;
  return `cdk-multi-region-payments${appId ? ` app/${appId}` : ''}`;
}
