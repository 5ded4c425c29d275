/** A function as a team writes it, in a process of its own: argument 1 names its tracer. It consumes one event, or answers one request. */
import http from 'node:http';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import * as openTelemetry from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray';
import AWSXRay from 'aws-xray-sdk-core';
import runtime from '../../../src/events/consumers/runtime.aws.ts';

const [, , kind, work, text] = process.argv;
const read = () => new GetItemCommand({ TableName: 'effects', Key: { pk: { S: 'x' } } });

/** The tracers that are handed in, and the team's client call as its tracer captures it. */
const teams = {
  xray: () => ({
    tracers: { xray: AWSXRay },
    call: () =>
      AWSXRay.captureAsyncFunc('team work', async (subsegment) => {
        await AWSXRay.captureAWSv3Client(new DynamoDBClient()).send(read());
        subsegment.close();
      }),
  }),
  powertools: () => {
    const powertools = new Tracer({ serviceName: 'team', captureHTTPsRequests: false });
    return {
      tracers: { powertools },
      call: async () => {
        const parent = powertools.getSegment();
        const own = parent.addNewSubsegment('team work');
        powertools.setSegment(own);
        await powertools.captureAWSv3Client(new DynamoDBClient()).send(read());
        own.close();
        powertools.setSegment(parent);
      },
    };
  },
  openTelemetry: () => {
    openTelemetry.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    openTelemetry.propagation.setGlobalPropagator(new AWSXRayPropagator());
    return {
      tracers: { openTelemetry },
      // As its instrumentation of HTTP does: the active context goes out in the propagator's header.
      call: async () => {
        await Promise.resolve();
        const headers = {};
        openTelemetry.propagation.inject(openTelemetry.context.active(), headers);
        await new Promise((resolve, reject) => {
          http.get(process.env.AWS_ENDPOINT_URL, { headers }, (response) => response.resume().on('end', resolve)).on('error', reject);
        });
      },
    };
  },
};

const { tracers, call } = teams[kind]();
const event = JSON.parse(text);
const { idempotentConsumer, traced } = runtime;
const run =
  work === 'consume'
    ? idempotentConsumer({ tracers }, call)(event, { getRemainingTimeInMillis: () => 20_000 })
    : traced({ systemName: 'acme-pay', name: 'acme-pay-shop', tracers }, call)(event, {});

run.then(
  // The datagrams are on their way.
  () => setTimeout(() => process.exit(0), 200),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
