//! People with their own accounts, and what owners see of them.

use super::*;

#[tokio::test]
async fn people_sign_up_and_confirm_their_address() {
    let settings = json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"]});
    let fixture = Fixture::new(settings, json!({})).await;
    let up = json!({"Username": "ann@example.com", "Password": "Secret-1"});
    let done = fixture.app("SignUp", up.clone()).await.unwrap();
    assert_eq!(done["CodeDeliveryDetails"]["Destination"], "a***@e***");
    assert_eq!(text_of(&fixture.app("SignUp", up).await), "User already exists");
    assert_eq!(
        text_of(&fixture.app("SignUp", json!({"Username": "ann", "Password": "Secret-1"})).await),
        "Username should be an email."
    );
    assert_eq!(text_of(&fixture.password("ann@example.com", "Secret-1").await), "User is not confirmed.");
    let confirm = async |code: &str| {
        fixture.app("ConfirmSignUp", json!({"Username": "ann@example.com", "ConfirmationCode": code})).await
    };
    let code = fixture.code(done["UserSub"].as_str().unwrap(), "SignUp").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(name_of(&confirm(wrong).await), "CodeMismatchException");
    }
    assert_eq!(name_of(&confirm(&code).await), "LimitExceededException");
    fixture.app("ResendConfirmationCode", json!({"Username": "ann@example.com"})).await.unwrap();
    let code = fixture.code(done["UserSub"].as_str().unwrap(), "SignUp").await;
    confirm(&code).await.unwrap();
    assert_eq!(text_of(&confirm(&code).await), "User cannot be confirmed. Current status is CONFIRMED");
    let result = fixture.srp("ann@example.com", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    let claims = fixture.claims(&result["IdToken"]).await;
    assert_eq!((&claims["email_verified"], &claims["cognito:username"]), (&json!(true), &done["UserSub"]));

    let forgot = json!({"Username": "ann@example.com"});
    fixture.app("ForgotPassword", forgot).await.unwrap();
    let code = fixture.code(done["UserSub"].as_str().unwrap(), "ForgotPassword").await;
    let set = json!({"Username": "ann@example.com", "ConfirmationCode": code, "Password": "Secret-2"});
    fixture.app("ConfirmForgotPassword", set.clone()).await.unwrap();
    assert_eq!(name_of(&fixture.app("ConfirmForgotPassword", set).await), "ExpiredCodeException");
    fixture.srp("ann@example.com", "Secret-2").await.unwrap();
}

impl Fixture {
    /// The code that a user was sent.
    async fn code(&self, user: &str, purpose: &str) -> String {
        let (pool, user, purpose) = (self.pool.clone(), user.to_owned(), purpose.to_owned());
        let read = move |tx: &crate::store::Tx<'_>| {
            let (_, secrets) = crate::cognito::user_pools::tables::user(tx, &pool, &user)?.unwrap();
            Ok::<_, crate::cognito::error::Error>(secrets.codes[&purpose].code.clone())
        };
        self.world.cognito.0.store.read(read).await.unwrap()
    }
}

#[tokio::test]
async fn people_manage_their_own_account() {
    let fixture =
        Fixture::new(json!({"AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"]}), json!({}))
            .await;
    fixture.user("ann", "Secret-1", json!([])).await;
    fixture.user("bob", "Secret-1", json!([{"Name": "email", "Value": "bob@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    // A verified address is a name.
    fixture.srp("bob@example.com", "Secret-1").await.unwrap();
    let token =
        fixture.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"]["AccessToken"].clone();
    let me = async |operation: &str, input: Value| {
        fixture.world.app(operation, with(json!({"AccessToken": token}), input)).await
    };
    let email = |address: &str| json!({"UserAttributes": [{"Name": "email", "Value": address}]});
    let told = me("UpdateUserAttributes", email("ann@example.com")).await.unwrap();
    assert_eq!(told["CodeDeliveryDetailsList"][0]["AttributeName"], "email");
    assert_eq!(name_of(&fixture.password("ann@example.com", "Secret-1").await), "UserNotFoundException");
    let code = fixture.code("ann", "VerifyUserAttribute").await;
    me("VerifyUserAttribute", json!({"AttributeName": "email", "Code": code})).await.unwrap();
    fixture.password("ann@example.com", "Secret-1").await.unwrap();
    let verified = json!({"UserAttributes": [{"Name": "email_verified", "Value": "true"}]});
    assert_eq!(
        text_of(&me("UpdateUserAttributes", verified).await),
        "A client attempted to write unauthorized attribute"
    );
    let unknown = json!({"UserAttributes": [{"Name": "custom:x", "Value": "1"}]});
    assert!(text_of(&me("UpdateUserAttributes", unknown).await).contains("does not exist in the schema"));

    // Another's address is theirs, also once it is proven.
    me("UpdateUserAttributes", email("bob@example.com")).await.unwrap();
    let code = fixture.code("ann", "VerifyUserAttribute").await;
    let taken = me("VerifyUserAttribute", json!({"AttributeName": "email", "Code": code})).await;
    assert_eq!(name_of(&taken), "AliasExistsException");

    let change = |old: &str, new: &str| json!({"PreviousPassword": old, "ProposedPassword": new});
    assert_eq!(
        name_of(&me("ChangePassword", change("Secret-2", "Secret-3")).await),
        "NotAuthorizedException"
    );
    assert_eq!(name_of(&me("ChangePassword", change("Secret-1", "weak")).await), "InvalidPasswordException");
    me("ChangePassword", change("Secret-1", "Secret-3")).await.unwrap();
    fixture.srp("ann", "Secret-3").await.unwrap();
    me("DeleteUser", json!({})).await.unwrap();
    assert_eq!(name_of(&fixture.password("ann", "Secret-3").await), "UserNotFoundException");
    assert_eq!(name_of(&me("GetUser", json!({})).await), "UserNotFoundException");
}

#[tokio::test]
async fn groups_give_roles() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    for (name, precedence) in [("admins", 1), ("staff", 5)] {
        let group = json!({"GroupName": name, "RoleArn": role(name), "Precedence": precedence});
        fixture.owner("CreateGroup", group.clone()).await.unwrap();
        assert_eq!(name_of(&fixture.owner("CreateGroup", group).await), "GroupExistsException");
        fixture.owner("AdminAddUserToGroup", json!({"Username": "ann", "GroupName": name})).await.unwrap();
    }
    let missing = fixture.owner("AdminAddUserToGroup", json!({"Username": "ann", "GroupName": "none"})).await;
    assert_eq!(name_of(&missing), "ResourceNotFoundException");
    let result = fixture.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    let claims = fixture.claims(&result["IdToken"]).await;
    assert_eq!(claims["cognito:groups"], json!(["admins", "staff"]));
    assert_eq!(claims["cognito:roles"], json!([role("admins"), role("staff")]));
    assert_eq!(claims["cognito:preferred_role"], json!(role("admins")));
    let users = fixture.owner("ListUsersInGroup", json!({"GroupName": "staff"})).await.unwrap();
    assert_eq!(users["Users"][0]["Username"], "ann");
    fixture
        .owner("AdminRemoveUserFromGroup", json!({"Username": "ann", "GroupName": "admins"}))
        .await
        .unwrap();
    let groups = fixture.owner("AdminListGroupsForUser", json!({"Username": "ann"})).await.unwrap();
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
    fixture.owner("DeleteGroup", json!({"GroupName": "staff"})).await.unwrap();
    let groups = fixture.owner("ListGroups", json!({})).await.unwrap();
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn users_are_listed_by_page_and_filter() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    for n in 0..5 {
        let made = json!({"Username": format!("user{n}"), "MessageAction": "SUPPRESS", "TemporaryPassword": "Secret-1",
            "UserAttributes": [{"Name": "email", "Value": format!("u{}@example.com", n % 2)}]});
        fixture.owner("AdminCreateUser", made).await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = fixture.owner("ListUsers", json!({"Limit": 2, "PaginationToken": token})).await.unwrap();
        seen.extend(page["Users"].as_array().unwrap().iter().map(|it| it["Username"].clone()));
        token = page["PaginationToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["user0", "user1", "user2", "user3", "user4"]);
    let filter = json!({"Filter": "email = \"u1@example.com\"", "AttributesToGet": ["email"]});
    let page = fixture.owner("ListUsers", filter).await.unwrap();
    assert_eq!(page["Users"].as_array().unwrap().len(), 2);
    assert_eq!(page["Users"][0]["Attributes"], json!([{"Name": "email", "Value": "u1@example.com"}]));
    assert_eq!(
        name_of(&fixture.owner("ListUsers", json!({"Filter": "nonsense"})).await),
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn tokens_of_others_are_nobody_s() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    let token =
        fixture.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"]["AccessToken"].clone();
    let parts: Vec<&str> = token.as_str().unwrap().split('.').collect();
    let none = "eyJhbGciOiJub25lIn0";
    for bad in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], "AAAA"),
        format!("{}.{}.{}", parts[0], parts[0], parts[2]),
        "A".repeat(20_000),
    ] {
        let answer = fixture.world.app("GetUser", json!({"AccessToken": bad})).await;
        assert_eq!(text_of(&answer), "Invalid Access Token", "{bad}");
    }
    // A token of another pool's key.
    let other = Fixture::new(json!({}), json!({})).await;
    other.user("ann", "Secret-1", json!([])).await;
    let theirs =
        other.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"]["AccessToken"].clone();
    assert_eq!(
        text_of(&fixture.world.app("GetUser", json!({"AccessToken": theirs})).await),
        "Invalid Access Token"
    );
}
