// Writes receipts: for a state machine, and for the API as text.

const euros = (cents) => (cents / 100).toFixed(2);

// Called by the state machine with what was charged.
export const receipt = async ({ customer, total }) => ({
  status: 'PAID',
  text: `${customer} paid ${euros(total)} EUR`,
});

// Called by GET /receipt?total=… through the API, which gives it the request.
export const handler = async (event) => {
  const total = Number(event.queryStringParameters?.total);
  if (!Number.isInteger(total)) {
    return { statusCode: 400, body: JSON.stringify({ message: 'total has to be a number of cents' }) };
  }
  const customer = event.requestContext.authorizer.customer;
  const { text } = await receipt({ customer, total });
  return { statusCode: 200, headers: { 'content-type': 'text/plain' }, body: `${text}\n` };
};
