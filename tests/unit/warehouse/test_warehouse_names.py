"""Names of tables and columns: the pairs of Segment's converter, and what comes after it."""

from __future__ import annotations

import pytest

from mockseg.errors import ConfigError
from mockseg.warehouse.names import check_schema_name, escaped, schema_name, snake_name, table_name

PAIRS = {
    "samPLE text": "sam_ple_text",
    "sample text": "sample_text",
    "sample-text": "sample_text",
    "sample___text": "sample_text",
    "sampleText": "sample_text",
    "inviteYourCustomersAddInvites": "invite_your_customers_add_invites",
    "sample 2 Text": "sample_2_text",
    "   $#$sample   2    Text   ": "sample_2_text",
    "SAMPLE 2 TEXT": "sample_2_text",
    "___$$Base64Encode": "base64_encode",
    "FOO:BAR$BAZ": "foo_bar_baz",
    "something.com": "something_com",
    "$something%": "something",
    "•¶§ƒ˚foo˙∆˚¬": "foo",
    "CStringRef": "cstring_ref",
    "5test": "5test",
    "5TEst": "5test",
    "_5TEst": "5test",
    "@%#&5TEst": "5test",
    "THE5r": "the5r",
    "edf_6N": "edf_6n",
    "f_pX9": "f_p_x9",
    "p_z9Rg": "p_z9_rg",
    "2FA Enabled": "2fa_enabled",
    "Enabled 2FA": "enabled_2fa",
    "lk0B@bFmjrLQ_Z6YL": "lk0_b_b_fmjr_lq_z6yl",
    "@49L0S145_¬fwHƒ0TSLNVp": "49l0s145_fw_h_0tslnvp",
    "first   name  ": "first_name",
    "Last-Name": "last_name",
    "NickName": "nick_name",
    "$some_thing": "some_thing",
    "name.first": "name_first",
    "via.source.from.original_recipients": "via_source_from_original_recipients",
    "Signed Up": "signed_up",
    "accountType": "account_type",
    "product_id.sku": "product_id_sku",
    "context.app.version": "context_app_version",
    "BookOrShelf opened": "book_or_shelf_opened",
    "Save ePUB": "save_e_pub",
    "Exported XML For InDesign": "exported_xml_for_in_design",
    "TeamCollectionConflictingEditOrCheckout": "team_collection_conflicting_edit_or_checkout",
    "CollectionId": "collection_id",
    "HowIUseIt": "how_iuse_it",
    "OSVersion": "osversion",
    "UILanguage": "uilanguage",
    "Language1Iso639Code": "language1_iso639_code",
    "error.message.$clusterTime.signature.keyId": "error_message_cluster_time_signature_key_id",
    "params.where.books.__type": "params_where_books_type",
    "X-Parse-REST-API-Key": "x_parse_rest_api_key",
    "guide started (userguiding)": "guide_started_userguiding",
    "tutorial.view": "tutorial_view",
    "userId": "user_id",
    "userID": "user_id",
    "UserId": "user_id",
    "user_id": "user_id",
    "_id": "id",
    "__v": "v",
    "_leading": "leading",
    "iPhone 13": "i_phone_13",
    "v2.0": "v2_0",
    "10% Off": "10_off",
    "Cízǔ": "c_z",
    "naïve": "na_ve",
    "🎉 Party": "party",
    "HTTPStatus": "httpstatus",
    "ABc": "abc",
    "X1Y": "x1y",
    "3A": "3a",
    "🎉": "",
    "Заказ": "",
    "日本語": "",
    "$": "",
    "_": "",
    "": "",
}


@pytest.mark.parametrize(("sent", "name"), PAIRS.items())
def test_names_are_those_of_segments_converter(sent, name):
    """Words are found as go-snakecase finds them: capitals and digits begin one."""
    assert snake_name(sent) == name
    assert snake_name(name) == name


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("user", "_user"),
        ("tag", "_tag"),
        ("open", "_open"),
        ("101_account_update", "_101_account_update"),
        ("timestamp", "timestamp"),
        ("language", "language"),
        ("index", "index"),
    ],
)
def test_reserved_words_and_digits_get_an_underscore(name, column):
    """Redshift's reserved words count in every warehouse; two are exceptions."""
    assert escaped(name) == column


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("101 Account Update", "_101_account_update"),
        ("open", "_open"),
        ("Users", "_users"),
        ("pages", "_pages"),
        ("alias", "alias"),
        ("🎉", ""),
    ],
)
def test_an_event_never_takes_one_of_segments_own_tables(event, table):
    """An event called Users has a table beside ``users``."""
    assert table_name(event) == table


@pytest.mark.parametrize(
    ("source", "schema"),
    [("3doctors", "_3doctors"), ("My iOS-App", "my_i_os_app"), ("x" * 70, "x" * 63)],
)
def test_a_schema_is_named_like_its_source(source, schema):
    """Dashes become underscores, and a digit is never first."""
    assert schema_name(source) == schema


@pytest.mark.parametrize("name", ["", "Prod", "my-app", "3doctors", "x" * 64, 'a"; DROP'])
def test_a_chosen_schema_has_a_plain_name(name):
    """Segment allows lower case letters, digits and underscores."""
    assert check_schema_name("my_app_2") == "my_app_2"
    with pytest.raises(ConfigError, match="invalid schema name"):
        check_schema_name(name)
